//===- HfConfigTest.cpp - config.json of every family ---------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/HfConfig.h"

#include "TestSupport.h"

using namespace qopt;
using namespace qopt::test;

namespace {
/// A valid config.json to vary.
const Json llama = Json::parse(R"({
  "architectures": ["LlamaForCausalLM"], "vocab_size": 32000, "hidden_size": 2048,
  "num_hidden_layers": 22, "num_attention_heads": 32, "num_key_value_heads": 4,
  "intermediate_size": 5632, "max_position_embeddings": 2048, "rms_norm_eps": 1e-05,
  "bos_token_id": 1, "eos_token_id": 2, "torch_dtype": "bfloat16"})");

Json changed(const Json &base, const Json &changes) {
  Json result = base;
  result.update(changes);
  return result;
}

ModelConfig parse(const Json &json) { return parseHfConfig(json, "config.json"); }

/// The error for `base` with `changes`.
std::string errorWith(const Json &changes, const Json &base = llama) {
  return errorOf([&] { parse(changed(base, changes)); });
}

const Json qwen3 = changed(llama, {{"architectures", {"Qwen3ForCausalLM"}}, {"head_dim", 128}});
const Json mistral =
    changed(llama, {{"architectures", {"MistralForCausalLM"}}, {"sliding_window", nullptr}});
const Json qwen2 = changed(llama, {{"architectures", {"Qwen2ForCausalLM"}}});
const Json gpt2 = Json::parse(R"({
  "architectures": ["GPT2LMHeadModel"], "vocab_size": 50257, "n_embd": 768, "n_layer": 12,
  "n_head": 12, "n_positions": 1024, "bos_token_id": 50256, "eos_token_id": 50256})");
} // namespace

TEST(HfConfig, BundledLlama) {
  ModelConfig config = readHfConfig(bundledModel("tiny-llama/config.json"));
  EXPECT_EQ(config.family, ModelFamily::Llama);
  EXPECT_EQ(config.vocabSize, 1024);
  EXPECT_EQ(config.hiddenSize, 256);
  EXPECT_EQ(config.numLayers, 4);
  EXPECT_EQ(config.numHeads, 4);
  EXPECT_EQ(config.numKvHeads, 2);
  EXPECT_EQ(config.headDim, 64);
  EXPECT_EQ(config.intermediateSize, 768);
  EXPECT_EQ(config.maxPosition, 512);
  EXPECT_EQ(config.normKind, NormKind::Rms);
  EXPECT_EQ(config.normEps, 1e-6);
  EXPECT_EQ(config.positionKind, PositionKind::Rope);
  EXPECT_EQ(config.ropeTheta, 10000);
  EXPECT_EQ(config.ropeScaling, RopeScaling());
  EXPECT_EQ(config.activation, Activation::Silu);
  EXPECT_TRUE(config.gatedMlp);
  EXPECT_FALSE(config.qkvBias || config.attnOutBias || config.mlpBias || config.qkNorm);
  EXPECT_FALSE(config.tieWordEmbeddings);
  EXPECT_EQ(config.bosTokenId, 1);
  EXPECT_EQ(config.eosTokenIds, std::vector<int64_t>{2});
  EXPECT_EQ(config.torchDType, DType::BF16);
}

TEST(HfConfig, BundledQwen2) {
  ModelConfig config = readHfConfig(bundledModel("tiny-qwen2/config.json"));
  EXPECT_EQ(config.family, ModelFamily::Qwen2);
  EXPECT_TRUE(config.qkvBias);
  EXPECT_FALSE(config.attnOutBias || config.mlpBias || config.qkNorm);
  EXPECT_TRUE(config.tieWordEmbeddings);
}

TEST(HfConfig, BundledQwen3) {
  ModelConfig config = readHfConfig(bundledModel("tiny-qwen3/config.json"));
  EXPECT_EQ(config.family, ModelFamily::Qwen3);
  EXPECT_TRUE(config.qkNorm);
  EXPECT_FALSE(config.qkvBias || config.attnOutBias || config.mlpBias);
}

TEST(HfConfig, BundledGpt2) {
  ModelConfig config = readHfConfig(bundledModel("tiny-gpt2/config.json"));
  EXPECT_EQ(config.family, ModelFamily::Gpt2);
  EXPECT_EQ(config.numKvHeads, 4);
  EXPECT_EQ(config.headDim, 64);
  EXPECT_EQ(config.intermediateSize, 1024);
  EXPECT_EQ(config.maxPosition, 512);
  EXPECT_EQ(config.normKind, NormKind::Layer);
  EXPECT_EQ(config.normEps, 1e-5);
  EXPECT_EQ(config.positionKind, PositionKind::Learned);
  EXPECT_EQ(config.activation, Activation::GeluTanh);
  EXPECT_FALSE(config.gatedMlp);
  EXPECT_TRUE(config.qkvBias && config.attnOutBias && config.mlpBias);
  EXPECT_TRUE(config.tieWordEmbeddings);
}

TEST(HfConfig, SharedStories260K) {
  const char *shared = std::getenv("QOPT_SHARED_DIR");
  std::string path = (shared ? std::string(shared) : QOPT_SOURCE_DIR "/../shared") +
                     "/models/stories260K/config.json";
  if (!std::filesystem::exists(path))
    GTEST_SKIP() << "skipped: no " << path;
  ModelConfig config = readHfConfig(path);
  EXPECT_EQ(config.headDim, 8);
  EXPECT_EQ(config.intermediateSize, 172);
  EXPECT_EQ(config.torchDType, DType::F32);
}

TEST(HfConfig, DefaultsOfOldLlama) {
  Json json = llama;
  for (const char *key : {"num_key_value_heads", "max_position_embeddings", "rms_norm_eps",
                          "torch_dtype", "bos_token_id", "eos_token_id"})
    json.erase(key);
  ModelConfig config = parse(json);
  EXPECT_EQ(config.numKvHeads, 32);
  EXPECT_EQ(config.headDim, 64);
  EXPECT_EQ(config.maxPosition, 2048);
  EXPECT_EQ(config.normEps, 1e-6);
  EXPECT_EQ(config.torchDType, DType::F32);
  EXPECT_EQ(config.bosTokenId, std::nullopt);
  EXPECT_TRUE(config.eosTokenIds.empty());
}

TEST(HfConfig, DefaultsOfGpt2) {
  ModelConfig config = parse(gpt2);
  EXPECT_EQ(config.intermediateSize, 3072);
  EXPECT_EQ(config.activation, Activation::GeluTanh);
  EXPECT_TRUE(config.tieWordEmbeddings);
}

TEST(HfConfig, LlamaBiases) {
  ModelConfig config = parse(changed(llama, {{"attention_bias", true}, {"mlp_bias", true}}));
  EXPECT_TRUE(config.qkvBias && config.attnOutBias && config.mlpBias);
}

TEST(HfConfig, Llama31RopeScaling) {
  const Json rope = {{"factor", 8.0},
                     {"low_freq_factor", 1.0},
                     {"high_freq_factor", 4.0},
                     {"original_max_position_embeddings", 8192},
                     {"rope_type", "llama3"}};
  const RopeScaling expected = Llama3RopeScaling{8, 1, 4, 8192};
  ModelConfig config = parse(changed(llama, {{"rope_theta", 500000.0}, {"rope_scaling", rope}}));
  EXPECT_EQ(config.ropeScaling, expected);
  EXPECT_EQ(config.ropeTheta, 500000);
  // Newer files.
  Json parameters = changed(rope, {{"rope_theta", 500000.0}});
  config = parse(changed(llama, {{"rope_parameters", parameters}, {"dtype", "float16"}}));
  EXPECT_EQ(config.ropeScaling, expected);
  EXPECT_EQ(config.ropeTheta, 500000);
  // Incomplete or contradictory ones.
  Json partial = rope;
  partial.erase("high_freq_factor");
  expectContains(errorWith({{"rope_scaling", partial}}),
                 {"'rope_scaling.high_freq_factor' is missing"});
  partial["high_freq_factor"] = 1.0;
  expectContains(errorWith({{"rope_scaling", partial}}), {"high_freq_factor (1)"});
  expectContains(errorWith({{"rope_theta", 10000.0}, {"rope_parameters", parameters}}),
                 {"'rope_parameters.rope_theta' is 500000", "10000"});
  expectContains(
      errorWith({{"rope_scaling", {{"rope_type", "default"}}}, {"rope_parameters", parameters}}),
      {"'rope_parameters' contradicts 'rope_scaling'"});
}

TEST(HfConfig, OtherRopeScalings) {
  EXPECT_EQ(
      parse(changed(llama, {{"rope_scaling", {{"type", "linear"}, {"factor", 2.0}}}})).ropeScaling,
      RopeScaling(LinearRopeScaling{2}));
  EXPECT_EQ(
      parse(changed(llama, {{"rope_parameters", {{"rope_type", "default"}, {"rope_theta", 1e6}}}}))
          .ropeTheta,
      1e6);
  expectContains(errorWith({{"rope_scaling", {{"rope_type", "yarn"}, {"factor", 4.0}}}}),
                 {"'rope_scaling.rope_type' is 'yarn'", "default, linear and llama3"});
  expectContains(errorWith({{"rope_scaling", {{"factor", 4.0}}}}),
                 {"'rope_scaling.type' is missing"});
  expectContains(errorWith({{"rope_scaling", {{"type", "linear"}, {"factor", 0}}}}),
                 {"'rope_scaling.factor' is 0"});
  expectContains(errorWith({{"rope_scaling", {{"type", "default"}, {"mrope_section", {1, 2}}}}}),
                 {"'rope_scaling.mrope_section' is not supported"});
  // Different ones for different layers.
  expectContains(errorWith({{"rope_parameters", {{"full_attention", {{"rope_theta", 1e6}}}}}}),
                 {"'rope_parameters.full_attention' is not supported"});
  expectContains(errorWith({{"partial_rotary_factor", 0.5}}), {"'partial_rotary_factor' is not 1"});
}

TEST(HfConfig, Qwen25) {
  ModelConfig config = parse(changed(qwen2, {{"use_sliding_window", false},
                                             {"sliding_window", 131072},
                                             {"max_window_layers", 28},
                                             {"layer_types", {"full_attention"}}}));
  EXPECT_TRUE(config.qkvBias);
}

TEST(HfConfig, ArchitectureByModelType) {
  Json json = changed(qwen2, {{"model_type", "qwen2"}, {"architectures", nullptr}});
  EXPECT_EQ(parse(json).family, ModelFamily::Qwen2);
  json["model_type"] = "mamba";
  expectContains(errorOf([&] { parse(json); }), {"'model_type' names the unsupported 'mamba'"});
}

TEST(HfConfig, UnsupportedIsRefusedByName) {
  expectContains(errorWith({{"architectures", {"GemmaForCausalLM"}}}),
                 {"config.json", "'GemmaForCausalLM'", "supported are LlamaForCausalLM, Mistral"});
  expectContains(errorWith({{"hidden_act", "relu2"}}), {"'hidden_act' is 'relu2'", "silu"});
  expectContains(errorWith({{"quantization_config", {{"quant_method", "gptq"}}}}),
                 {"quantization_config", "original"});
  expectContains(errorWith({{"torch_dtype", "float8_e4m3fn"}}), {"'torch_dtype'", "bfloat16"});
  expectContains(errorWith({{"sliding_window", 4096}}, mistral), {"'sliding_window'", "null"});
  Json absent = mistral;
  absent.erase("sliding_window");
  expectContains(errorWith(Json::object(), absent), {"'sliding_window' is missing", "4096"});
  expectContains(errorWith({{"use_sliding_window", true}}, qwen2),
                 {"'use_sliding_window' is true"});
  expectContains(errorWith({{"layer_types", {"full_attention", "sliding_attention"}}}, qwen3),
                 {"'layer_types'", "'sliding_attention'"});
  expectContains(errorWith({{"attention_bias", true}}, qwen3), {"'attention_bias' is true"});
  expectContains(errorWith({{"attention_bias", true}}, mistral), {"'attention_bias' is true"});
  expectContains(errorWith({{"scale_attn_weights", false}}, gpt2),
                 {"'scale_attn_weights' is false"});
  expectContains(errorWith({{"scale_attn_by_inverse_layer_idx", true}}, gpt2),
                 {"'scale_attn_by_inverse_layer_idx'"});
  expectContains(errorWith({{"add_cross_attention", true}}, gpt2), {"'add_cross_attention'"});
  expectContains(errorWith({{"activation_function", "relu"}}, gpt2),
                 {"'activation_function' is 'relu'"});
}

TEST(HfConfig, AbsurdAndContradictorySizesAreRefused) {
  expectContains(errorWith({{"num_hidden_layers", 0}}), {"'num_hidden_layers' is 0"});
  expectContains(errorWith({{"vocab_size", int64_t(1) << 40}}), {"'vocab_size' is 1099511627776"});
  expectContains(errorWith({{"hidden_size", -1}}), {"'hidden_size' is -1"});
  expectContains(errorWith({{"hidden_size", 2048.5}}), {"'hidden_size' is 2048.5"});
  expectContains(errorWith({{"hidden_size", "2048"}}), {"'hidden_size' is '2048'"});
  expectContains(errorWith({{"hidden_size", nullptr}}), {"'hidden_size' is missing"});
  expectContains(errorWith({{"num_key_value_heads", 5}}), {"32 attention heads", "5 key/value"});
  expectContains(errorWith({{"num_key_value_heads", 64}}), {"32 attention heads", "64 key/value"});
  expectContains(errorWith({{"num_attention_heads", 36}}), {"'hidden_size' is 2048", "36"});
  expectContains(errorWith({{"num_attention_heads", 4}}), {"'hidden_size' is 2048: 512 for each"});
  expectContains(errorWith({{"head_dim", 512}}), {"'head_dim' is 512", "256"});
  expectContains(errorWith({{"head_dim", 63}}), {"even", "63"});
  expectContains(errorWith({{"rms_norm_eps", -1e-5}}), {"'rms_norm_eps'"});
  expectContains(errorWith({{"eos_token_id", {2, 32000}}}), {"'eos_token_id' is 32000", "31999"});
  expectContains(errorWith({{"bos_token_id", 32000}}), {"'bos_token_id' is 32000"});
  expectContains(errorWith({{"num_key_value_heads", nullptr}}, qwen2),
                 {"'num_key_value_heads' is missing"});
  expectContains(errorWith({{"n_embd", 770}}, gpt2), {"'n_embd' is 770", "12"});
}

TEST(HfConfig, BrokenFilesAreRefused) {
  TempDir dir;
  std::string path = dir.write("config.json", "{\"architectures\": [");
  expectContains(errorOf([&] { readHfConfig(path); }), {path, "broken JSON: line 1"});
  expectContains(errorOf([&] { parse(Json::array()); }), {"expected a JSON object"});
  expectContains(errorOf([&] { parse(Json::object()); }), {"'model_type' is missing"});
  expectContains(errorWith({{"architectures", 7}}), {"'architectures' is 7"});
}
