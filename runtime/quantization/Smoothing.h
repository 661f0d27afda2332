//===- Smoothing.h - SmoothQuant's scales -----------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_QUANTIZATION_SMOOTHING_H
#define QOPT_RUNTIME_QUANTIZATION_SMOOTHING_H

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace qopt {

/// Whose definition of `s_j = a_j^alpha / w_j^(1 - alpha)` (Xiao et al. 2022), for input channel j
/// with column maxima `m_ij = max |W_i[:, j]|` of the linears i that share the input.
enum class SmoothingVariant : uint8_t {
  /// The original code: a = max|X|, w = max_i m_i, at least 1e-5; s at least 1e-5. alpha 0.5.
  Mit,
  /// a = max X - min X, w = 2 max_i m_i; s = a where w is 0, and at least 1e-5. alpha 0.5.
  LlmCompressor,
  /// a = max|X|; of each linear 1/s = m_i^(1 - alpha) / a^alpha, in [1e-4, 1e4], and 1 where a is
  /// at
  /// most 2^-31; linears that share an input take the mean of their 1/s. alpha 1.
  ModelOpt
};

/// `mit`, `llm-compressor` or `modelopt`.
std::optional<SmoothingVariant> parseSmoothingVariant(std::string_view name);
double defaultAlpha(SmoothingVariant variant);
/// The statistic `a` of channels with these extremes.
std::vector<float> activationStatistic(SmoothingVariant variant, std::span<const float> min,
                                       std::span<const float> max);

/// The scales. `activation` is `a`, `weights` one span of column maxima for each linear.
std::vector<float> smoothingScales(SmoothingVariant variant, double alpha,
                                   std::span<const float> activation,
                                   std::span<const std::vector<float>> weights);

/// Channels that share scales: they are heads of `headDim` elements, `group` consecutive ones of
/// which have the same, as the query heads of a KV head do.
struct HeadGroups {
  int64_t group = 1;
  int64_t headDim = 1;

  /// The index of a channel's scale among shared ones.
  int64_t indexOf(int64_t channel) const {
    return channel / headDim / group * headDim + channel % headDim;
  }
};

/// The greatest of the scales of each group's heads.
std::vector<float> shareScales(std::span<const float> scales, const HeadGroups &groups);

} // namespace qopt

#endif // QOPT_RUNTIME_QUANTIZATION_SMOOTHING_H
