//===- ModelConfig.h - the shape of a decoder-only transformer --*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_FORMATS_MODELCONFIG_H
#define QOPT_RUNTIME_FORMATS_MODELCONFIG_H

#include "runtime/formats/DType.h"
#include "runtime/formats/Json.h"
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace qopt {

enum class ModelFamily : uint8_t { Llama, Mistral, Qwen2, Qwen3, Gpt2 };
enum class NormKind : uint8_t { Rms, Layer };
enum class PositionKind : uint8_t { Rope, Learned };
enum class Activation : uint8_t { Silu, GeluTanh, GeluErf };

/// Positions are divided by `factor`.
struct LinearRopeScaling {
  double factor;
  bool operator==(const LinearRopeScaling &) const = default;
};

/// Llama 3.1: low frequencies are divided by `factor`, high ones kept, a smooth blend between.
struct Llama3RopeScaling {
  double factor;
  double lowFreqFactor;
  double highFreqFactor;
  int64_t originalMaxPosition;
  bool operator==(const Llama3RopeScaling &) const = default;
};

using RopeScaling = std::variant<std::monostate, LinearRopeScaling, Llama3RopeScaling>;

/// A decoder-only transformer in the field's terms. Sizes are elements, ids are token ids.
struct ModelConfig {
  ModelFamily family = ModelFamily::Llama;
  int64_t vocabSize = 0;
  int64_t hiddenSize = 0;
  int64_t numLayers = 0;
  int64_t numHeads = 0;
  int64_t numKvHeads = 0; ///< Divides numHeads.
  int64_t headDim =
      0; ///< At most 256; even with rope. numHeads * headDim may differ from hiddenSize.
  int64_t intermediateSize = 0;
  int64_t maxPosition = 0; ///< Tokens of context; rows of the position table if learned.

  NormKind normKind = NormKind::Rms;
  double normEps = 0;
  PositionKind positionKind = PositionKind::Rope;
  double ropeTheta = 0; ///< 0 without rope.
  RopeScaling ropeScaling;
  Activation activation = Activation::Silu;
  bool gatedMlp = true; ///< down(act(gate(x)) * up(x)), else down(act(up(x))).

  bool qkvBias = false;
  bool attnOutBias = false;
  bool mlpBias = false;
  bool qkNorm = false; ///< RMS norm of each head's query and key, before rope.
  bool tieWordEmbeddings = false;

  std::optional<int64_t> bosTokenId;
  std::vector<int64_t> eosTokenIds;
  /// What config.json says the weights are; the tensors' own types decide.
  DType torchDType = DType::F32;

  bool operator==(const ModelConfig &) const = default;
};

/// "llama", "qwen2", ...
std::string_view toString(ModelFamily family);
/// "rms" or "layer".
std::string_view toString(NormKind kind);
/// "rope" or "learned".
std::string_view toString(PositionKind kind);
/// "silu", "gelu_tanh" or "gelu_erf".
std::string_view toString(Activation activation);

/// The form in plan.json. modelConfigFromJson throws an Error naming the file and key for what it
/// does not know, and what checkModelConfig throws.
Json toJson(const ModelConfig &config);
ModelConfig modelConfigFromJson(const JsonObject &object);

/// The largest sizes that are read from any file: generous, but no product of three overflows.
struct ModelLimits {
  static constexpr int64_t vocabSize = 1 << 24;
  static constexpr int64_t hiddenSize = 1 << 17;
  static constexpr int64_t numLayers = 1 << 10;
  static constexpr int64_t numHeads = 1 << 10;
  static constexpr int64_t headDim = 1 << 8;
  static constexpr int64_t intermediateSize = 1 << 20;
  static constexpr int64_t maxPosition = 1 << 24;
  static constexpr double normEps = 0.1;
  static constexpr double ropeTheta = 1e12;
  static constexpr double ropeFactor = 1e6;
};

/// Throws an Error that begins with `file` if fields contradict each other.
void checkModelConfig(const ModelConfig &config, std::string_view file);

/// The angles a position advances by, `headDim / 2` of them, in float64; empty without rope. Scaled
/// as by `_compute_linear_scaling_rope_parameters` and `_compute_llama3_parameters` of
/// transformers' modeling_rope_utils.py.
std::vector<double> ropeInverseFrequencies(const ModelConfig &config);

/// Elements of all tensors of a checkpoint; tied embeddings count once. At most 2^63 - 1 within
/// ModelLimits.
int64_t numParameters(const ModelConfig &config);
/// Those of the matrix products of one layer.
int64_t layerMatrixParameters(const ModelConfig &config);

} // namespace qopt

#endif // QOPT_RUNTIME_FORMATS_MODELCONFIG_H
