//===- ModelConfig.cpp - the shape of a transformer, to and from JSON -----===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/ModelConfig.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include <algorithm>
#include <fmt/ranges.h>
#include <span>

using namespace qopt;

// Names of the enumerators, in their order.
static constexpr std::string_view familyNames[] = {"llama", "mistral", "qwen2", "qwen3", "gpt2"};
static constexpr std::string_view normNames[] = {"rms", "layer"};
static constexpr std::string_view positionNames[] = {"rope", "learned"};
static constexpr std::string_view activationNames[] = {"silu", "gelu_tanh", "gelu_erf"};

std::string_view qopt::toString(ModelFamily family) { return familyNames[size_t(family)]; }
std::string_view qopt::toString(NormKind kind) { return normNames[size_t(kind)]; }
std::string_view qopt::toString(PositionKind kind) { return positionNames[size_t(kind)]; }
std::string_view qopt::toString(Activation activation) {
  return activationNames[size_t(activation)];
}

/// The enumerator whose name the string at `key` is.
template <typename Enum>
static Enum readEnum(const JsonObject &object, std::string_view key,
                     std::span<const std::string_view> names) {
  std::string name = object.string(key);
  auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end())
    object.failAt(key,
                  fmt::format("is {}; expected one of {}", quote(name), fmt::join(names, ", ")));
  return Enum(found - names.begin());
}

static Json toJson(const RopeScaling &scaling) {
  if (const auto *linear = std::get_if<LinearRopeScaling>(&scaling))
    return {{"type", "linear"}, {"factor", linear->factor}};
  if (const auto *llama3 = std::get_if<Llama3RopeScaling>(&scaling))
    return {{"type", "llama3"},
            {"factor", llama3->factor},
            {"low_freq_factor", llama3->lowFreqFactor},
            {"high_freq_factor", llama3->highFreqFactor},
            {"original_max_position", llama3->originalMaxPosition}};
  return nullptr;
}

static RopeScaling readRopeScaling(const JsonObject &object) {
  std::optional<JsonObject> scaling = object.optionalObject("rope_scaling");
  if (!scaling)
    return {};
  constexpr double maxFactor = ModelLimits::ropeFactor, minFactor = 1 / maxFactor;
  std::string type = scaling->string("type");
  double factor = scaling->number("factor", minFactor, maxFactor);
  if (type == "linear")
    return LinearRopeScaling{factor};
  if (type != "llama3")
    scaling->failAt("type", fmt::format("is {}; expected linear or llama3", quote(type)));
  return Llama3RopeScaling{factor, scaling->number("low_freq_factor", minFactor, maxFactor),
                           scaling->number("high_freq_factor", minFactor, maxFactor),
                           scaling->integer("original_max_position", 1, ModelLimits::maxPosition)};
}

Json qopt::toJson(const ModelConfig &config) {
  Json json = {
      {"family", toString(config.family)},
      {"vocab_size", config.vocabSize},
      {"hidden_size", config.hiddenSize},
      {"num_layers", config.numLayers},
      {"num_heads", config.numHeads},
      {"num_kv_heads", config.numKvHeads},
      {"head_dim", config.headDim},
      {"intermediate_size", config.intermediateSize},
      {"max_position", config.maxPosition},
      {"norm_kind", toString(config.normKind)},
      {"norm_eps", config.normEps},
      {"position_kind", toString(config.positionKind)},
      {"activation", toString(config.activation)},
      {"gated_mlp", config.gatedMlp},
      {"qkv_bias", config.qkvBias},
      {"attn_out_bias", config.attnOutBias},
      {"mlp_bias", config.mlpBias},
      {"qk_norm", config.qkNorm},
      {"tie_word_embeddings", config.tieWordEmbeddings},
      {"eos_token_ids", config.eosTokenIds},
      {"torch_dtype", shortName(config.torchDType)},
  };
  if (config.positionKind == PositionKind::Rope) {
    json["rope_theta"] = config.ropeTheta;
    json["rope_scaling"] = ::toJson(config.ropeScaling);
  }
  if (config.bosTokenId)
    json["bos_token_id"] = *config.bosTokenId;
  return json;
}

ModelConfig qopt::modelConfigFromJson(const JsonObject &object) {
  ModelConfig config;
  config.family = readEnum<ModelFamily>(object, "family", familyNames);
  config.vocabSize = object.integer("vocab_size", 1, ModelLimits::vocabSize);
  config.hiddenSize = object.integer("hidden_size", 1, ModelLimits::hiddenSize);
  config.numLayers = object.integer("num_layers", 1, ModelLimits::numLayers);
  config.numHeads = object.integer("num_heads", 1, ModelLimits::numHeads);
  config.numKvHeads = object.integer("num_kv_heads", 1, ModelLimits::numHeads);
  config.headDim = object.integer("head_dim", 1, ModelLimits::headDim);
  config.intermediateSize = object.integer("intermediate_size", 1, ModelLimits::intermediateSize);
  config.maxPosition = object.integer("max_position", 1, ModelLimits::maxPosition);
  config.normKind = readEnum<NormKind>(object, "norm_kind", normNames);
  config.normEps = object.number("norm_eps", 0, ModelLimits::normEps);
  config.positionKind = readEnum<PositionKind>(object, "position_kind", positionNames);
  if (config.positionKind == PositionKind::Rope) {
    config.ropeTheta = object.number("rope_theta", 1, ModelLimits::ropeTheta);
    config.ropeScaling = readRopeScaling(object);
  }
  config.activation = readEnum<Activation>(object, "activation", activationNames);
  config.gatedMlp = object.boolean("gated_mlp");
  config.qkvBias = object.boolean("qkv_bias");
  config.attnOutBias = object.boolean("attn_out_bias");
  config.mlpBias = object.boolean("mlp_bias");
  config.qkNorm = object.boolean("qk_norm");
  config.tieWordEmbeddings = object.boolean("tie_word_embeddings");
  config.bosTokenId = object.optionalInteger("bos_token_id", 0, config.vocabSize - 1);
  config.eosTokenIds = object.integerList("eos_token_ids", 0, config.vocabSize - 1);
  std::string dtype = object.string("torch_dtype");
  std::optional<DType> parsed = parseDType(dtype);
  if (!parsed)
    object.failAt("torch_dtype", fmt::format("is the unknown dtype {}", quote(dtype)));
  config.torchDType = *parsed;
  checkModelConfig(config, object.file());
  return config;
}

void qopt::checkModelConfig(const ModelConfig &config, std::string_view file) {
  if (config.numHeads % config.numKvHeads != 0)
    fail("{}: {} attention heads cannot share {} key/value heads evenly", file, config.numHeads,
         config.numKvHeads);
  if (config.positionKind == PositionKind::Rope && config.headDim % 2 != 0)
    fail("{}: rotary positions need an even head dimension, not {}", file, config.headDim);
  if (const auto *llama3 = std::get_if<Llama3RopeScaling>(&config.ropeScaling))
    if (llama3->highFreqFactor <= llama3->lowFreqFactor)
      fail("{}: llama3 rope scaling needs high_freq_factor ({}) above low_freq_factor ({})", file,
           llama3->highFreqFactor, llama3->lowFreqFactor);
}
