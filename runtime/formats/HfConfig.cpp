//===- HfConfig.cpp - config.json of Hugging Face checkpoints -------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/HfConfig.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/HfRope.h"
#include "runtime/formats/Quote.h"

using namespace qopt;

static constexpr struct {
  std::string_view architecture;
  std::string_view modelType;
  ModelFamily family;
} architectures[] = {
    {"LlamaForCausalLM", "llama", ModelFamily::Llama},
    {"MistralForCausalLM", "mistral", ModelFamily::Mistral},
    {"Qwen2ForCausalLM", "qwen2", ModelFamily::Qwen2},
    {"Qwen3ForCausalLM", "qwen3", ModelFamily::Qwen3},
    {"GPT2LMHeadModel", "gpt2", ModelFamily::Gpt2},
};

/// By the first of `architectures`, or in older files by `model_type`.
static ModelFamily readFamily(const JsonObject &object) {
  std::vector<std::string> names = object.stringList("architectures");
  std::string_view key = names.empty() ? "model_type" : "architectures";
  if (names.empty())
    names.push_back(object.string("model_type"));
  for (const auto &known : architectures)
    if (names.front() == (key == "model_type" ? known.modelType : known.architecture))
      return known.family;
  std::string supported;
  for (const auto &known : architectures)
    supported += fmt::format("{}{}", supported.empty() ? "" : ", ", known.architecture);
  object.failAt(key, fmt::format("names the unsupported {}; supported are {}", quote(names.front()),
                                 supported));
}

static Activation readActivation(const JsonObject &object, std::string_view key,
                                 std::string_view absent) {
  std::string name = object.optionalString(key).value_or(std::string(absent));
  if (name == "silu" || name == "swish")
    return Activation::Silu;
  if (name == "gelu_new" || name == "gelu_pytorch_tanh")
    return Activation::GeluTanh;
  if (name == "gelu")
    return Activation::GeluErf;
  object.failAt(key, fmt::format("is {}; supported are silu, gelu, gelu_new and gelu_pytorch_tanh",
                                 quote(name)));
}

static DType readTorchDType(const JsonObject &object) {
  std::string_view key = object.has("torch_dtype") ? "torch_dtype" : "dtype";
  std::string name = object.optionalString(key).value_or("float32");
  if (name == "float32")
    return DType::F32;
  if (name == "float16")
    return DType::F16;
  if (name == "bfloat16")
    return DType::BF16;
  object.failAt(key,
                fmt::format("is {}; supported are float32, float16 and bfloat16", quote(name)));
}

/// Refuses any value of a switch but the one that is implemented.
static void requireSwitch(const JsonObject &object, std::string_view key, bool supported) {
  if (object.optionalBoolean(key).value_or(supported) != supported)
    object.failAt(key, fmt::format("is {}; only {} is supported", !supported, supported));
}

/// Every layer must attend to the whole past.
static void refuseSlidingWindows(const JsonObject &object, ModelFamily family) {
  if (family == ModelFamily::Mistral) {
    // Where the key is absent, transformers takes a window of 4096.
    if (!object.json().contains("sliding_window"))
      object.failAt("sliding_window", "is missing, which means 4096; only null is supported");
    if (object.has("sliding_window"))
      object.failAt("sliding_window",
                    "is set; only null, attention to the whole past, is supported");
  }
  requireSwitch(object, "use_sliding_window", false);
  for (const std::string &type : object.stringList("layer_types"))
    if (type != "full_attention")
      object.failAt("layer_types",
                    fmt::format("contains {}; only full_attention is supported", quote(type)));
}

/// Explicit, or else the heads share the hidden size.
static int64_t readHeadDim(const JsonObject &object, const ModelConfig &config,
                           std::string_view hiddenKey) {
  if (auto headDim = object.optionalInteger("head_dim", 1, ModelLimits::headDim))
    return *headDim;
  if (config.hiddenSize % config.numHeads != 0)
    object.failAt(hiddenKey, fmt::format("is {}, no multiple of the {} attention heads",
                                         config.hiddenSize, config.numHeads));
  int64_t headDim = config.hiddenSize / config.numHeads;
  if (headDim > ModelLimits::headDim)
    object.failAt(hiddenKey,
                  fmt::format("is {}: {} for each of the {} attention heads; at most {}",
                              config.hiddenSize, headDim, config.numHeads, ModelLimits::headDim));
  return headDim;
}

static void readBiases(const JsonObject &object, ModelConfig &config) {
  if (config.family == ModelFamily::Llama) {
    bool attentionBias = object.optionalBoolean("attention_bias").value_or(false);
    config.qkvBias = attentionBias;
    config.attnOutBias = attentionBias;
    config.mlpBias = object.optionalBoolean("mlp_bias").value_or(false);
    return;
  }
  requireSwitch(object, "attention_bias", false);
  requireSwitch(object, "mlp_bias", false);
  config.qkvBias = config.family == ModelFamily::Qwen2;
}

/// Llama and what descends from it.
static void readLlamaLike(const JsonObject &object, ModelConfig &config) {
  bool isLlama = config.family == ModelFamily::Llama;
  config.hiddenSize = object.integer("hidden_size", 1, ModelLimits::hiddenSize);
  config.numLayers = object.integer("num_hidden_layers", 1, ModelLimits::numLayers);
  config.numHeads = object.integer("num_attention_heads", 1, ModelLimits::numHeads);
  // Llama 1 knows no key/value heads and no length; the others' defaults depend on the version.
  config.numKvHeads = isLlama
                          ? object.optionalInteger("num_key_value_heads", 1, ModelLimits::numHeads)
                                .value_or(config.numHeads)
                          : object.integer("num_key_value_heads", 1, ModelLimits::numHeads);
  config.maxPosition =
      isLlama ? object.optionalInteger("max_position_embeddings", 1, ModelLimits::maxPosition)
                    .value_or(2048)
              : object.integer("max_position_embeddings", 1, ModelLimits::maxPosition);
  config.headDim = config.family == ModelFamily::Qwen3
                       ? object.integer("head_dim", 1, ModelLimits::headDim)
                       : readHeadDim(object, config, "hidden_size");
  config.intermediateSize = object.integer("intermediate_size", 1, ModelLimits::intermediateSize);
  config.normEps = object.optionalNumber("rms_norm_eps", 0, ModelLimits::normEps).value_or(1e-6);
  config.activation = readActivation(object, "hidden_act", "silu");
  config.qkNorm = config.family == ModelFamily::Qwen3;
  config.tieWordEmbeddings = object.optionalBoolean("tie_word_embeddings").value_or(false);
  readHfRope(object, config);
  readBiases(object, config);
  refuseSlidingWindows(object, config.family);
}

static void readGpt2(const JsonObject &object, ModelConfig &config) {
  config.hiddenSize = object.integer("n_embd", 1, ModelLimits::hiddenSize);
  config.numLayers = object.integer("n_layer", 1, ModelLimits::numLayers);
  config.numHeads = object.integer("n_head", 1, ModelLimits::numHeads);
  config.numKvHeads = config.numHeads;
  config.headDim = readHeadDim(object, config, "n_embd");
  config.intermediateSize = object.optionalInteger("n_inner", 1, ModelLimits::intermediateSize)
                                .value_or(4 * config.hiddenSize);
  config.maxPosition = object.integer("n_positions", 1, ModelLimits::maxPosition);
  config.normKind = NormKind::Layer;
  config.normEps =
      object.optionalNumber("layer_norm_epsilon", 0, ModelLimits::normEps).value_or(1e-5);
  config.positionKind = PositionKind::Learned;
  config.activation = readActivation(object, "activation_function", "gelu_new");
  config.gatedMlp = false;
  config.qkvBias = config.attnOutBias = config.mlpBias = true;
  config.tieWordEmbeddings = object.optionalBoolean("tie_word_embeddings").value_or(true);
  requireSwitch(object, "scale_attn_weights", true);
  requireSwitch(object, "scale_attn_by_inverse_layer_idx", false);
  requireSwitch(object, "add_cross_attention", false);
}

ModelConfig qopt::parseHfConfig(const Json &json, const std::string &file) {
  JsonObject object(json, file);
  ModelConfig config;
  config.family = readFamily(object);
  if (auto quantization = object.optionalObject("quantization_config"))
    quantization->failAt("quant_method",
                         "shows a checkpoint that is quantized already; use the original one");
  config.vocabSize = object.integer("vocab_size", 1, ModelLimits::vocabSize);
  if (config.family == ModelFamily::Gpt2)
    readGpt2(object, config);
  else
    readLlamaLike(object, config);
  config.bosTokenId = object.optionalInteger("bos_token_id", 0, config.vocabSize - 1);
  config.eosTokenIds = object.integerList("eos_token_id", 0, config.vocabSize - 1);
  config.torchDType = readTorchDType(object);
  checkModelConfig(config, file);
  return config;
}

ModelConfig qopt::readHfConfig(const std::string &path) {
  return parseHfConfig(readJsonFile(path), path);
}
