//===- GgufConfigTest.cpp - configs from GGUF metadata --------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/GgufConfig.h"

#include "GgufBytes.h"
#include "TestSupport.h"

using namespace qopt;
using namespace qopt::test;
using B = GgufBytes;

/// A llama of 2 heads of 4 elements, without tensors but the table.
static GgufBytes smallLlama() {
  GgufBytes bytes;
  bytes.pairs = {B::text("general.architecture", "llama"),
                 B::u32("llama.block_count", 1),
                 B::u32("llama.embedding_length", 8),
                 B::u32("llama.attention.head_count", 2),
                 B::u32("llama.context_length", 16),
                 B::u32("llama.feed_forward_length", 24),
                 B::f32("llama.attention.layer_norm_rms_epsilon", 1e-5f),
                 B::f32("llama.rope.freq_base", 500000)};
  bytes.tensors = {B::tensor("token_embd.weight", {8, 3}, 0, 0)};
  bytes.data.resize(96);
  return bytes;
}

static ModelConfig configOf(const GgufBytes &bytes) {
  TempDir dir;
  return readGgufConfig(GgufCheckpoint(dir.write("m.gguf", bytes.file())));
}

static std::string configError(const GgufBytes &bytes) {
  return errorOf([&] { configOf(bytes); });
}

TEST(GgufConfig, ReadsLlama) {
  ModelConfig config = configOf(smallLlama());
  EXPECT_EQ(config.family, ModelFamily::Llama);
  EXPECT_EQ(config.vocabSize, 3);
  EXPECT_EQ(config.numKvHeads, 2);
  EXPECT_EQ(config.headDim, 4);
  EXPECT_EQ(config.normEps, 1e-5);
  EXPECT_EQ(config.ropeTheta, 500000);
  EXPECT_TRUE(config.tieWordEmbeddings);
  EXPECT_FALSE(config.qkvBias);
  EXPECT_EQ(config.torchDType, DType::F32);
}

TEST(GgufConfig, RecognizesLlama3Scaling) {
  GgufBytes bytes = smallLlama();
  bytes.pairs.back() = B::f32("llama.rope.freq_base", 1e8f);
  // Wavelengths of 2 pi and 2 pi 10^4 tokens: one fits 8192 tokens four times, one not at all.
  EXPECT_EQ(llama3RopeFactors(configOf(bytes), {32, 1, 4, 8192}), (std::vector<float>{1, 32}));
  bytes.tensors.push_back(B::tensor("rope_freqs.weight", {2}, 0, 96));
  GgufBytes wrong = bytes;
  bytes.data += B::number(1.0f) + B::number(32.0f);
  EXPECT_EQ(configOf(bytes).ropeScaling, RopeScaling(Llama3RopeScaling{32, 1, 4, 8192}));
  wrong.data += B::number(3.0f) + B::number(32.0f);
  expectContains(configError(wrong), {"rope_freqs.weight' [0] is 3", "Llama 3.1"});
}

TEST(GgufConfig, NamesMissingKeys) {
  for (size_t i = 0; i + 1 < smallLlama().pairs.size(); ++i) {
    GgufBytes bytes = smallLlama();
    std::string key = bytes.pairs[i].substr(8, uint8_t(bytes.pairs[i][0]));
    bytes.pairs.erase(bytes.pairs.begin() + i);
    expectContains(configError(bytes), {"m.gguf: the metadata has no '" + key + "'"});
  }
  GgufBytes bytes = smallLlama();
  bytes.tensors.clear();
  expectContains(configError(bytes), {"has no tensor 'token_embd.weight'"});
}

TEST(GgufConfig, RefusesWhatItDoesNotKnow) {
  auto error = [](const std::string &pair) {
    GgufBytes bytes = smallLlama();
    bytes.pairs.push_back(pair);
    return configError(bytes);
  };
  expectContains(error(B::u32("llama.expert_count", 8)), {"expert_count' is 8"});
  expectContains(error(B::u32("llama.attention.sliding_window", 512)), {"sliding_window"});
  expectContains(error(B::u32("llama.rope.dimension_count", 2)), {"dimension_count", "2 of"});
  expectContains(error(B::text("llama.rope.scaling.type", "yarn")), {"'yarn'", "none and linear"});
  expectContains(error(B::u32("llama.attention.head_count_kv", 3)), {"2 attention heads", "3"});
  GgufBytes bytes = smallLlama();
  bytes.pairs[0] = B::text("general.architecture", "mamba");
  expectContains(configError(bytes), {"'mamba'", "llama, qwen2, qwen3 and gpt2"});
}
