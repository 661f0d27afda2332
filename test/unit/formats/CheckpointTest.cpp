//===- CheckpointTest.cpp - checkpoints of one or many files --------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/Checkpoint.h"

#include "TestSupport.h"

using namespace qopt;
using namespace qopt::test;

static std::string openError(const TempDir &dir) {
  return errorOf([&] { Checkpoint checkpoint(dir.path()); });
}

/// A file with one U8 tensor of two bytes.
static std::string oneTensor(std::string_view name) {
  return safetensorsBytes(
      fmt::format(R"({{"{}": {{"dtype": "U8", "shape": [2], "data_offsets": [0, 2]}}}})", name), 2);
}

static void writeIndex(const TempDir &dir, std::string_view weightMap) {
  dir.write("model.safetensors.index.json",
            fmt::format(R"({{"metadata": {{"total_size": 4}}, "weight_map": {}}})", weightMap));
}

TEST(Checkpoint, OpensASingleFile) {
  Checkpoint checkpoint(bundledModel("tiny-qwen2"));
  const Checkpoint::Tensor &tensor = checkpoint.get("model.layers.3.self_attn.q_proj.bias");
  EXPECT_EQ(tensor.dtype(), DType::BF16);
  ASSERT_EQ(tensor.shape().size(), 1u);
  EXPECT_EQ(tensor.shape()[0], 256);
  EXPECT_EQ(tensor.data().size(), 512u);
  EXPECT_EQ(tensor.name(), "model.layers.3.self_attn.q_proj.bias");
  EXPECT_EQ(checkpoint.find("lm_head.weight"), nullptr);
  expectContains(errorOf([&] { checkpoint.get("lm_head.weight"); }),
                 {"tiny-qwen2", "'lm_head.weight'"});
}

TEST(Checkpoint, OpensShards) {
  TempDir dir;
  dir.write("model-1.safetensors", oneTensor("a"));
  dir.write("model-2.safetensors", oneTensor("b"));
  writeIndex(dir, R"({"a": "model-1.safetensors", "b": "model-2.safetensors"})");
  Checkpoint checkpoint(dir.path());
  EXPECT_EQ(checkpoint.files().size(), 2u);
  EXPECT_EQ(checkpoint.tensors().size(), 2u);
  EXPECT_EQ(checkpoint.get("b").file->path(), dir.path("model-2.safetensors"));
  EXPECT_EQ(int(checkpoint.get("b").data()[1]), 1);
}

TEST(Checkpoint, PaddingIsNoTensor) {
  TempDir dir;
  dir.write("model.safetensors", oneTensor("__pad_0"));
  EXPECT_TRUE(Checkpoint(dir.path()).tensors().empty());
}

TEST(Checkpoint, NoWeights) {
  TempDir dir;
  expectContains(openError(dir), {dir.path(), "neither model.safetensors nor"});
  dir.write("pytorch_model.bin", "x");
  expectContains(openError(dir), {dir.path(), "pytorch_model.bin", "convert"});
  expectContains(errorOf([&] { Checkpoint checkpoint(dir.path("none")); }), {"no directory"});
}

TEST(Checkpoint, MissingShard) {
  TempDir dir;
  dir.write("model-1.safetensors", oneTensor("a"));
  writeIndex(dir, R"({"a": "model-1.safetensors", "b": "model-2.safetensors"})");
  expectContains(openError(dir), {dir.path("model-2.safetensors"), "missing", "1 tensors", "'b'"});
}

TEST(Checkpoint, ShardLacksTensor) {
  TempDir dir;
  dir.write("model-1.safetensors", oneTensor("a"));
  writeIndex(dir, R"({"a": "model-1.safetensors", "b": "model-1.safetensors"})");
  expectContains(openError(dir), {dir.path("model-1.safetensors"), "no tensor 'b'", "index.json"});
}

TEST(Checkpoint, TensorInTwoShards) {
  TempDir dir;
  dir.write("model-1.safetensors", oneTensor("a"));
  dir.write("model-2.safetensors",
            safetensorsBytes(R"({"a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]},
                                 "b": {"dtype": "U8", "shape": [1], "data_offsets": [1, 2]}})",
                             2));
  writeIndex(dir, R"({"a": "model-1.safetensors", "b": "model-2.safetensors"})");
  expectContains(openError(dir), {"'a'", "two shards", "model-1", "model-2"});
}

TEST(Checkpoint, TruncatedShard) {
  TempDir dir;
  std::string bytes = oneTensor("a");
  bytes.pop_back();
  dir.write("model-1.safetensors", bytes);
  writeIndex(dir, R"({"a": "model-1.safetensors"})");
  expectContains(openError(dir), {dir.path("model-1.safetensors"), "truncated", "'a'"});
}

TEST(Checkpoint, BadIndex) {
  TempDir dir;
  writeIndex(dir, R"({"a": "../secret.safetensors"})");
  expectContains(openError(dir), {"index.json", "'../secret.safetensors'", "plain file name"});
  writeIndex(dir, R"({"a": ""})");
  expectContains(openError(dir), {"plain file name"});
  writeIndex(dir, R"({"a": 1})");
  expectContains(openError(dir), {"'weight_map.a' is 1"});
  writeIndex(dir, "{}");
  expectContains(openError(dir), {"names no tensors"});
  writeIndex(dir, "[");
  expectContains(openError(dir), {"index.json", "broken JSON"});
  dir.write("model.safetensors.index.json", "{}");
  expectContains(openError(dir), {"'weight_map' is missing"});
}
