//===- GgufConfigPairs.cpp - a model's config as GGUF metadata ------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/GgufConfigPairs.h"

#include "runtime/formats/Error.h"

using namespace qopt;

/// A Mistral without a sliding window is a Llama to llama.cpp.
static std::string_view architectureOf(ModelFamily family) {
  return family == ModelFamily::Mistral ? "llama" : toString(family);
}

void qopt::addGgufConfig(const ModelConfig &config, GgufPairs &pairs) {
  const bool isGpt2 = config.family == ModelFamily::Gpt2;
  const std::string_view architecture = architectureOf(config.family);
  const Activation expected = isGpt2 ? Activation::GeluTanh : Activation::Silu;
  if (config.activation != expected)
    fail("GGUF's {} models have the activation {}, but this model has {}", architecture,
         toString(expected), toString(config.activation));

  auto key = [&](std::string_view name) { return fmt::format("{}.{}", architecture, name); };
  auto add = [&](std::string_view name, int64_t value) { pairs.add(key(name), uint32_t(value)); };
  pairs.add("general.architecture", architecture);
  add("block_count", config.numLayers);
  add("embedding_length", config.hiddenSize);
  add("attention.head_count", config.numHeads);
  add("attention.head_count_kv", config.numKvHeads);
  add("context_length", config.maxPosition);
  add("feed_forward_length", config.intermediateSize);
  add("vocab_size", config.vocabSize);
  if (isGpt2) {
    pairs.add(key("attention.layer_norm_epsilon"), float(config.normEps));
    return;
  }
  pairs.add(key("attention.layer_norm_rms_epsilon"), float(config.normEps));
  pairs.add(key("rope.freq_base"), float(config.ropeTheta));
  add("rope.dimension_count", config.headDim);
  add("attention.key_length", config.headDim);
  add("attention.value_length", config.headDim);
  if (auto *linear = std::get_if<LinearRopeScaling>(&config.ropeScaling)) {
    pairs.add(key("rope.scaling.type"), "linear");
    pairs.add(key("rope.scaling.factor"), float(linear->factor));
  }
}
