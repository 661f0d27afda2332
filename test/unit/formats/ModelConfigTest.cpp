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
