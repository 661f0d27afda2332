//===- ToyArtifact.cpp - an artifact written by hand ----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ToyArtifact.h"

#include "runtime/formats/ModelConfig.h"
#include "runtime/formats/SafetensorsWriter.h"
#include <cmath>

using namespace qopt;
using namespace qopt::test;

static ModelConfig toyConfig() {
  ModelConfig config;
  config.vocabSize = ToyArtifact::vocabSize;
  config.hiddenSize = 4;
  config.numLayers = config.numHeads = config.numKvHeads = 1;
  config.headDim = 2;
  config.intermediateSize = 4;
  config.maxPosition = ToyArtifact::context;
  config.normEps = 1e-5;
  config.ropeTheta = 10000;
  return config;
}

static Json body(Json rows, const char *attend) {
  Json function = Json::parse(R"({
    "slots": [{"bytes_per_row": 64, "bytes": 0}, {"bytes_per_row": 16, "bytes": 64}],
    "result": {"slot": 1, "columns": 4, "stride": 4, "type": "f32"},
    "launches": [
      {"kernel": "toy_append", "op": "kernel.rope_append", "loc": "layers.0",
       "args": [{"input": "ids"}, {"cache": 0, "part": "k"}, {"cache": 0, "part": "v"},
                {"input": "token_seq"}, {"input": "token_pos"}, {"input": "page_table"},
                {"scalar": "max_pages"}],
       "grid": ["T"], "scratch": 0},
      {"kernel": "", "op": "kernel.attention", "loc": "layers.0",
       "args": [{"slot": 1}, {"cache": 0, "part": "k"}, {"cache": 0, "part": "v"},
                {"input": "seq_start"}, {"input": "past"}, {"input": "token_seq"},
                {"input": "token_pos"}, {"input": "page_table"}, {"scalar": "max_pages"},
                {"scalar": "rows"}, {"scalar": "sequences"},
                {"weight": "toy.weight", "as": "stored"}, {"input": "rope_table"}],
       "grid": [1, {"ceildiv": ["T", 1]}], "scratch": 4}]})");
  function["rows"] = std::move(rows);
  function["launches"][1]["kernel"] = attend;
  return function;
}

static Json head(Json rows) {
  Json function = Json::parse(R"({
    "slots": [{"bytes_per_row": 4096, "bytes": 0}],
    "result": {"slot": 0, "columns": 1024, "stride": 1024, "type": "f32"},
    "launches": [
      {"kernel": "toy_head", "op": "kernel.matmul", "loc": "lm_head",
       "args": [{"input": "hidden"}, {"input": "rows"}, {"slot": 0}],
       "grid": ["T"], "scratch": 0}]})");
  function["rows"] = std::move(rows);
  return function;
}

ToyArtifact::ToyArtifact() {
  plan = Json::parse(R"({
    "format": "qopt", "version": 1, "compiler": "a test",
    "generation": {"eos_token_ids": [2], "bos_token_id": 1},
    "recipe": "by hand", "weights": {"file": "weights.safetensors"},
    "rope": {"inverse_frequencies": [0.5]},
    "page_tokens": 4,
    "targets": {"cpu": {
      "modules": [{"file": "kernels.toy.so", "level": "toy", "requires": []}],
      "caches": [{"name": "layers.0", "kv_heads": 1, "head_dim": 2,
                  "k": {"format": "f32", "layout": "token_major", "block_bytes": 32},
                  "v": {"format": "f32", "layout": "token_major", "block_bytes": 32}}]}}})");
  plan["config"] = toJson(toyConfig());
  plan["targets"]["cpu"]["functions"] = {{"prefill", body(nullptr, "toy_attend")},
                                         {"decode", body(1, "toy_attend_decode")},
                                         {"prefill_head", head(nullptr)},
                                         {"decode_head", head(1)}};
  write();
  writeWeight("toy.weight", 1);
  std::filesystem::copy(QOPT_TOY_KERNELS, file("kernels.toy.so"));
}

void ToyArtifact::write() const { dir.write("plan.json", plan.dump()); }

void ToyArtifact::writeWeight(std::string_view name, float value) const {
  SafetensorsWriter writer(file("weights.safetensors"), {{std::string(name), DType::F32, {1}}});
  writer.write(0, 0, std::as_bytes(std::span(&value, 1)));
  writer.commit();
}

static float toySum(std::span<const int32_t> history) {
  float sum = 0;
  for (size_t i = 0; i < history.size(); ++i)
    sum += float(history[i] + 1) * float(i + 1);
  return std::fmod(sum, float(ToyArtifact::vocabSize));
}

float qopt::test::toyLogit(std::span<const int32_t> history, int32_t token) {
  return -std::abs(float(token) - toySum(history));
}

int32_t qopt::test::toyNext(std::span<const int32_t> history) { return int32_t(toySum(history)); }
