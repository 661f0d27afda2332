//===- PtxArtifact.cpp - an artifact with PTX written by hand -------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PtxArtifact.h"

#include "runtime/device/cuda/CudaDevice.h"
#include "runtime/formats/ModelConfig.h"
#include "runtime/formats/SafetensorsWriter.h"

using namespace qopt;
using namespace qopt::test;

static constexpr const char *kernels = R"(.version 8.0
.target sm_80
.address_size 64

.visible .entry toy_body(.param .b64 ids, .param .b64 weight, .param .b64 out, .param .b64 rows)
{
  .reg .b64 %rd<8>;
  .reg .b32 %r<5>;
  .reg .f32 %f<3>;
  ld.param.b64 %rd1, [ids];
  ld.param.b64 %rd2, [weight];
  ld.param.b64 %rd3, [out];
  mov.u32 %r1, %ctaid.x;
  mov.u32 %r2, %tid.x;
  mul.wide.u32 %rd4, %r1, 4;
  add.s64 %rd4, %rd4, %rd1;
  ld.global.b32 %r3, [%rd4];
  cvt.rn.f32.s32 %f1, %r3;
  mul.wide.u32 %rd5, %r2, 4;
  add.s64 %rd5, %rd5, %rd2;
  ld.global.f32 %f2, [%rd5];
  mul.f32 %f1, %f1, %f2;
  mad.lo.s32 %r4, %r1, 4, %r2;
  mul.wide.u32 %rd6, %r4, 4;
  add.s64 %rd6, %rd6, %rd3;
  st.global.f32 [%rd6], %f1;
  ret;
}

.visible .entry toy_head(.param .b64 hidden, .param .b64 rows, .param .b64 out)
{
  .reg .b64 %rd<8>;
  .reg .b32 %r<5>;
  .reg .f32 %f<3>;
  ld.param.b64 %rd1, [hidden];
  ld.param.b64 %rd2, [rows];
  ld.param.b64 %rd3, [out];
  mov.u32 %r1, %ctaid.x;
  mov.u32 %r2, %tid.x;
  mul.wide.u32 %rd4, %r1, 4;
  add.s64 %rd4, %rd4, %rd2;
  ld.global.b32 %r3, [%rd4];
  mul.wide.u32 %rd5, %r3, 16;
  add.s64 %rd5, %rd5, %rd1;
  ld.global.f32 %f1, [%rd5];
  cvt.rn.f32.u32 %f2, %r2;
  add.f32 %f1, %f1, %f2;
  mad.lo.s32 %r4, %r1, 64, %r2;
  mul.wide.u32 %rd6, %r4, 4;
  add.s64 %rd6, %rd6, %rd3;
  st.global.f32 [%rd6], %f1;
  ret;
}
)";

static ModelConfig toyConfig() {
  ModelConfig config;
  config.vocabSize = PtxArtifact::vocabSize;
  config.hiddenSize = 4;
  config.numLayers = config.numHeads = config.numKvHeads = 1;
  config.headDim = 2;
  config.intermediateSize = 4;
  config.maxPosition = 128;
  config.normEps = 1e-5;
  config.ropeTheta = 10000;
  return config;
}

static Json body(Json rows) {
  Json function = Json::parse(R"({
    "slots": [{"bytes_per_row": 16, "bytes": 0}],
    "result": {"slot": 0, "columns": 4, "stride": 4, "type": "f32"},
    "launches": [
      {"kernel": "toy_body", "op": "kernel.gather", "loc": "layers.0",
       "args": [{"input": "ids"}, {"weight": "toy.weight", "as": "vector_f32"}, {"slot": 0},
                {"scalar": "rows"}],
       "grid": ["T"], "block": 4, "shared": 0}]})");
  function["rows"] = std::move(rows);
  return function;
}

static Json head(Json rows) {
  Json function = Json::parse(R"({
    "slots": [{"bytes_per_row": 256, "bytes": 0}],
    "result": {"slot": 0, "columns": 64, "stride": 64, "type": "f32"},
    "launches": [
      {"kernel": "toy_head", "op": "kernel.matmul", "loc": "lm_head",
       "args": [{"input": "hidden"}, {"input": "rows"}, {"slot": 0}],
       "grid": ["T"], "block": 64, "shared": 0}]})");
  function["rows"] = std::move(rows);
  return function;
}

PtxArtifact::PtxArtifact() : ptx(kernels) {
  plan = Json::parse(R"({
    "format": "qopt", "version": 1, "compiler": "a test",
    "generation": {"eos_token_ids": [2], "bos_token_id": 1},
    "recipe": "by hand", "weights": {"file": "weights.safetensors"},
    "rope": {"inverse_frequencies": [0.5]},
    "page_tokens": 4,
    "targets": {"ptx": {"modules": [{"file": "kernels.ptx", "chip": "sm_80"}], "caches": []}}})");
  plan["config"] = toJson(toyConfig());
  plan["targets"]["ptx"]["functions"] = {{"prefill", body(nullptr)},
                                         {"decode", body(1)},
                                         {"prefill_head", head(nullptr)},
                                         {"decode_head", head(1)}};
  SafetensorsWriter writer(dir.path("weights.safetensors"), {{"toy.weight", DType::F32, {4}}});
  const float weight[] = {1, 2, 3, 4};
  writer.write(0, 0, std::as_bytes(std::span(weight)));
  writer.commit();
  write();
}

void PtxArtifact::write() const {
  dir.write("plan.json", plan.dump());
  dir.write("kernels.ptx", ptx);
}

std::string PtxArtifact::openError(const std::string &library) const {
  write();
  return errorOf([&] {
    Artifact artifact = Artifact::open(path(), 1);
    openCudaDevice(artifact, {library, 1, {}});
  });
}
