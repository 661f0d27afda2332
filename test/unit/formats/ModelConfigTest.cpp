//===- ModelConfigTest.cpp - model configs in plans, and rope -------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/ModelConfig.h"

#include "TestSupport.h"
#include "runtime/formats/HfConfig.h"

using namespace qopt;
using namespace qopt::test;

TEST(ModelConfig, BundledModelsComeBackThroughJson) {
  for (const char *name : {"tiny-llama", "tiny-gpt2", "tiny-qwen2", "tiny-qwen3"}) {
    ModelConfig config = readHfConfig(bundledModel(name) + "/config.json");
    Json json = Json::parse(toJson(config).dump());
    EXPECT_EQ(modelConfigFromJson(JsonObject(json, "plan.json")), config) << name;
  }
}

TEST(ModelConfig, RopeScalingComesBackThroughJson) {
  ModelConfig config = readHfConfig(bundledModel("tiny-llama/config.json"));
  for (RopeScaling scaling :
       {RopeScaling(LinearRopeScaling{2.5}), RopeScaling(Llama3RopeScaling{8, 1, 4, 8192})}) {
    config.ropeScaling = scaling;
    Json json = toJson(config);
    EXPECT_EQ(modelConfigFromJson(JsonObject(json, "plan.json")), config);
  }
}

TEST(ModelConfig, BadPlansAreRefused) {
  const Json good = toJson(readHfConfig(bundledModel("tiny-llama/config.json")));
  auto error = [&](const char *key, Json value) {
    Json json = good;
    json[key] = std::move(value);
    return errorOf([&] { modelConfigFromJson(JsonObject(json, "plan.json")); });
  };
  expectContains(error("family", "bert"),
                 {"plan.json: 'family' is 'bert'", "llama, mistral, qwen2"});
  expectContains(error("num_layers", 0), {"'num_layers' is 0"});
  expectContains(error("num_kv_heads", 3), {"4 attention heads", "3 key/value heads"});
  expectContains(error("head_dim", 63), {"even", "63"});
  expectContains(error("activation", nullptr), {"'activation' is missing"});
  expectContains(error("torch_dtype", "f7"), {"'torch_dtype'", "'f7'"});
  expectContains(error("rope_scaling", {{"type", "yarn"}, {"factor", 2}}),
                 {"'rope_scaling.type'", "'yarn'"});
  expectContains(error("eos_token_ids", {1024}), {"'eos_token_ids' is 1024", "1023"});
}

/// The numbers below come from evaluating the formulas of transformers' modeling_rope_utils.py
/// (`_compute_default_rope_parameters`, `_compute_llama3_parameters`) in Python, in float64:
///
///   inv = 1 / theta ** (i / dim)  for i in 0, 2, ...
///   wavelen = 2 * pi / inv
///   x = inv / factor if wavelen > old / low else inv
///   smooth = (old / wavelen - low) / (high - low)
///   y = (1 - smooth) * x / factor + smooth * x
///   result = y if not wavelen < old / high and not wavelen > old / low else x
static void expectFrequencies(const ModelConfig &config,
                              std::initializer_list<std::pair<size_t, double>> expected) {
  std::vector<double> frequencies = ropeInverseFrequencies(config);
  ASSERT_EQ(int64_t(frequencies.size()), config.headDim / 2);
  for (auto [index, value] : expected)
    EXPECT_NEAR(frequencies[index], value, 1e-14 * value) << index;
}

static ModelConfig ropeConfig(int64_t headDim, double theta, RopeScaling scaling) {
  ModelConfig config;
  config.headDim = headDim;
  config.ropeTheta = theta;
  config.ropeScaling = scaling;
  return config;
}

TEST(Rope, Plain) {
  expectFrequencies(ropeConfig(64, 10000, {}), {{0, 1.0}, {8, 0.1}, {16, 0.01}, {24, 0.001}});
}

TEST(Rope, Linear) {
  expectFrequencies(ropeConfig(64, 10000, LinearRopeScaling{4}), {{0, 0.25}, {16, 0.0025}});
}

TEST(Rope, Llama31) {
  expectFrequencies(ropeConfig(128, 500000, Llama3RopeScaling{8, 1, 4, 8192}),
                    {{0, 1.0},
                     {1, 0.8146172338565447},
                     {16, 0.03760603093086393},
                     {28, 0.0032114459947525913}, // the last that is kept
                     {29, 0.002166570763503359},
                     {30, 0.0013718935677611381},
                     {32, 0.0005248461609929547},
                     {34, 0.00017850781276799638},
                     {35, 9.556212353964683e-05}, // the first that is divided
                     {40, 3.428102195952591e-05},
                     {63, 3.068925988914511e-07}});
}

TEST(Rope, Llama32) {
  expectFrequencies(ropeConfig(64, 500000, Llama3RopeScaling{32, 1, 4, 8192}),
                    {{13, 0.004839421345719893},
                     {14, 0.0032114459947525913},
                     {15, 0.001290547928209264},
                     {16, 0.00042955679655936815},
                     {17, 9.70828780262767e-05},
                     {18, 1.9461638184831125e-05},
                     {31, 9.418306725434909e-08}});
}

TEST(Rope, NoneForLearnedPositions) {
  EXPECT_TRUE(ropeInverseFrequencies(readHfConfig(bundledModel("tiny-gpt2/config.json"))).empty());
}

/// As published, from `sum(p.numel() for p in model.parameters())` in transformers.
TEST(NumParameters, KnownModels) {
  ModelConfig llama;
  llama.vocabSize = 32000, llama.hiddenSize = 4096, llama.numLayers = 32, llama.headDim = 128;
  llama.numHeads = llama.numKvHeads = 32, llama.intermediateSize = 11008;
  EXPECT_EQ(numParameters(llama), 6738415616) << "Llama-2-7B";

  ModelConfig qwen2 = llama;
  qwen2.vocabSize = 151936, qwen2.hiddenSize = 896, qwen2.numLayers = 24, qwen2.headDim = 64;
  qwen2.numHeads = 14, qwen2.numKvHeads = 2, qwen2.intermediateSize = 4864;
  qwen2.qkvBias = qwen2.tieWordEmbeddings = true;
  EXPECT_EQ(numParameters(qwen2), 494032768) << "Qwen2.5-0.5B";

  ModelConfig qwen3 = qwen2;
  qwen3.hiddenSize = 1024, qwen3.numLayers = 28, qwen3.headDim = 128, qwen3.numHeads = 16;
  qwen3.numKvHeads = 8, qwen3.intermediateSize = 3072, qwen3.qkvBias = false, qwen3.qkNorm = true;
  EXPECT_EQ(numParameters(qwen3), 596049920) << "Qwen3-0.6B";

  ModelConfig gpt2;
  gpt2.vocabSize = 50257, gpt2.hiddenSize = 768, gpt2.numLayers = 12, gpt2.headDim = 64;
  gpt2.numHeads = gpt2.numKvHeads = 12, gpt2.intermediateSize = 3072, gpt2.maxPosition = 1024;
  gpt2.normKind = NormKind::Layer, gpt2.positionKind = PositionKind::Learned;
  gpt2.gatedMlp = false;
  gpt2.qkvBias = gpt2.attnOutBias = gpt2.mlpBias = gpt2.tieWordEmbeddings = true;
  EXPECT_EQ(numParameters(gpt2), 124439808) << "GPT-2 small";
}
