//===- GgufConfig.cpp - a model's config from GGUF metadata ---------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/GgufConfig.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include <algorithm>
#include <cmath>

using namespace qopt;

namespace {

/// The metadata of one architecture, whose keys begin with its name.
class Reader {
public:
  explicit Reader(const GgufCheckpoint &checkpoint)
      : checkpoint(checkpoint), metadata(checkpoint.metadata()),
        architecture(metadata.string("general.architecture")) {}

  ModelConfig read() {
    config.family = readFamily();
    config.vocabSize = readVocabSize();
    config.hiddenSize = integer("embedding_length", ModelLimits::hiddenSize);
    config.numLayers = integer("block_count", ModelLimits::numLayers);
    config.numHeads = integer("attention.head_count", ModelLimits::numHeads);
    config.numKvHeads =
        optionalInteger("attention.head_count_kv", ModelLimits::numHeads).value_or(config.numHeads);
    config.headDim = readHeadDim();
    config.intermediateSize = integer("feed_forward_length", ModelLimits::intermediateSize);
    config.maxPosition = integer("context_length", ModelLimits::maxPosition);
    refuseUnsupported();
    readTensorsThere();
    if (config.family == ModelFamily::Gpt2)
      readGpt2();
    else
      readLlamaLike();
    readTokenIds();
    config.torchDType = readFileType();
    checkModelConfig(config, metadata.file());
    return config;
  }

private:
  std::string key(std::string_view name) const { return fmt::format("{}.{}", architecture, name); }
  int64_t integer(std::string_view name, int64_t max) const {
    return metadata.integer(key(name), 1, max);
  }
  std::optional<int64_t> optionalInteger(std::string_view name, int64_t max) const {
    return metadata.optionalInteger(key(name), 1, max);
  }

  ModelFamily readFamily() const {
    constexpr std::pair<std::string_view, ModelFamily> families[] = {{"llama", ModelFamily::Llama},
                                                                     {"qwen2", ModelFamily::Qwen2},
                                                                     {"qwen3", ModelFamily::Qwen3},
                                                                     {"gpt2", ModelFamily::Gpt2}};
    for (auto [name, family] : families)
      if (name == architecture)
        return family;
    metadata.failAt(
        "general.architecture",
        fmt::format("is {}; supported are llama, qwen2, qwen3 and gpt2", quote(architecture)));
  }

  int64_t readVocabSize() const {
    const GgufTensor &table = *checkpoint.get("token_embd.weight").info;
    int64_t rows = table.shape.size() == 2 ? table.shape.front() : 0;
    if (rows < 1 || rows > ModelLimits::vocabSize)
      fail("{}: tensor 'token_embd.weight' has shape {}; expected [1 to {}, embedding length]",
           metadata.file(), formatShape(table.shape), ModelLimits::vocabSize);
    return rows;
  }

  int64_t readHeadDim() const {
    if (auto length = optionalInteger("attention.key_length", ModelLimits::headDim)) {
      auto values = optionalInteger("attention.value_length", ModelLimits::headDim);
      if (values.value_or(*length) != *length)
        metadata.failAt(
            key("attention.value_length"),
            fmt::format("is {}, but keys have {} elements; they must be equal", *values, *length));
      return *length;
    }
    int64_t headDim = config.hiddenSize / config.numHeads;
    if (config.hiddenSize % config.numHeads != 0 || headDim > ModelLimits::headDim)
      metadata.failAt(key("embedding_length"),
                      fmt::format("is {}, which {} heads do not share evenly, at most {} elements "
                                  "each",
                                  config.hiddenSize, config.numHeads, ModelLimits::headDim));
    return headDim;
  }

  void refuseUnsupported() const {
    for (std::string_view name : {"expert_count", "attention.sliding_window"}) {
      auto value = metadata.optionalInteger(key(name), 0, std::numeric_limits<int64_t>::max());
      if (value.value_or(0) != 0)
        metadata.failAt(key(name), fmt::format("is {}; only 0 is supported", *value));
    }
  }

  void readTensorsThere() {
    auto has = [&](const char *name) { return checkpoint.find(name) != nullptr; };
    config.qkvBias = has("blk.0.attn_q.bias") || has("blk.0.attn_qkv.bias");
    config.attnOutBias = has("blk.0.attn_output.bias");
    config.mlpBias = has("blk.0.ffn_up.bias");
    config.tieWordEmbeddings = !has("output.weight");
  }

  void readGpt2() {
    config.normKind = NormKind::Layer;
    config.normEps = metadata.number(key("attention.layer_norm_epsilon"), 0, ModelLimits::normEps);
    config.positionKind = PositionKind::Learned;
    config.activation = Activation::GeluTanh;
    config.gatedMlp = false;
  }

  void readLlamaLike() {
    config.normEps =
        metadata.number(key("attention.layer_norm_rms_epsilon"), 0, ModelLimits::normEps);
    config.qkNorm = config.family == ModelFamily::Qwen3;
    config.ropeTheta =
        metadata.optionalNumber(key("rope.freq_base"), 1, ModelLimits::ropeTheta).value_or(10000);
    auto rotated = optionalInteger("rope.dimension_count", ModelLimits::headDim);
    if (rotated.value_or(config.headDim) != config.headDim)
      metadata.failAt(key("rope.dimension_count"),
                      fmt::format("is {} of the head dimension {}; rotating a part of each head is "
                                  "not supported",
                                  *rotated, config.headDim));
    config.ropeScaling = readRopeScaling();
  }

  RopeScaling readRopeScaling() const {
    constexpr double maxFactor = ModelLimits::ropeFactor, minFactor = 1 / maxFactor;
    std::string type = metadata.optionalString(key("rope.scaling.type")).value_or("none");
    const GgufCheckpoint::Tensor *factors = checkpoint.find(ropeFactorsName);
    if (type == "linear" && !factors)
      return LinearRopeScaling{metadata.number(key("rope.scaling.factor"), minFactor, maxFactor)};
    if (type != "none")
      metadata.failAt(key("rope.scaling.type"),
                      fmt::format("is {}; supported are none and linear", quote(type)));
    return factors ? recognizeFactors(*factors) : RopeScaling();
  }

  /// The file has only what Llama 3.1's scaling comes to: a factor for each frequency. Its models
  /// differ in the largest one.
  RopeScaling recognizeFactors(const GgufCheckpoint::Tensor &tensor) const {
    const std::string &file = tensor.file->path();
    if (tensor.info->type != GgmlType::F32 ||
        tensor.info->shape != std::vector<int64_t>{config.headDim / 2})
      fail("{}: tensor '{}' is {} {}; expected F32 [{}]", file, ropeFactorsName,
           ggmlTraits(tensor.info->type).name, formatShape(tensor.info->shape), config.headDim / 2);
    std::vector<float> stored(tensor.info->shape.front());
    decodeGgml(GgmlType::F32, tensor.file->data(*tensor.info), stored);
    Llama3RopeScaling scaling{*std::ranges::max_element(stored), 1, 4, 8192};
    std::vector<float> expected = llama3RopeFactors(config, scaling);
    for (size_t i = 0; i < stored.size(); ++i)
      if (!(std::abs(stored[i] - expected[i]) <= 1e-4f * expected[i]))
        fail("{}: tensor '{}' [{}] is {}, which is not Llama 3.1's scaling by {} ({})", file,
             ropeFactorsName, i, stored[i], scaling.factor, expected[i]);
    return scaling;
  }

  void readTokenIds() {
    constexpr std::string_view tokenizer = "tokenizer.ggml.";
    auto id = [&](std::string_view name) {
      return metadata.optionalInteger(fmt::format("{}{}_token_id", tokenizer, name), 0,
                                      config.vocabSize - 1);
    };
    config.bosTokenId = id("bos");
    for (std::string_view name : {"eos", "eot"})
      if (auto token = id(name); token && !std::ranges::count(config.eosTokenIds, *token))
        config.eosTokenIds.push_back(*token);
  }

  /// The type that most weights had before they were quantized, where the file still says so.
  DType readFileType() const {
    constexpr int64_t mostlyF16 = 1, mostlyBf16 = 32;
    auto type =
        metadata.optionalInteger("general.file_type", 0, std::numeric_limits<int32_t>::max());
    return type == mostlyF16 ? DType::F16 : type == mostlyBf16 ? DType::BF16 : DType::F32;
  }

  const GgufCheckpoint &checkpoint;
  const GgufMetadata &metadata;
  std::string architecture;
  ModelConfig config;
};

} // namespace

ModelConfig qopt::readGgufConfig(const GgufCheckpoint &checkpoint) {
  return Reader(checkpoint).read();
}

std::vector<float> qopt::llama3RopeFactors(const ModelConfig &config,
                                           const Llama3RopeScaling &scaling) {
  ModelConfig unscaled = config, scaled = config;
  unscaled.ropeScaling = {};
  scaled.ropeScaling = scaling;
  std::vector<double> from = ropeInverseFrequencies(unscaled), to = ropeInverseFrequencies(scaled);
  std::vector<float> factors;
  for (size_t i = 0; i < from.size(); ++i)
    factors.push_back(float(from[i] / to[i]));
  return factors;
}
