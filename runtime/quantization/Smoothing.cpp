//===- Smoothing.cpp - SmoothQuant's scales -------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/quantization/Smoothing.h"

#include <algorithm>
#include <cmath>

using namespace qopt;

static constexpr double leastScale = 1e-5;

std::optional<SmoothingVariant> qopt::parseSmoothingVariant(std::string_view name) {
  if (name == "mit")
    return SmoothingVariant::Mit;
  if (name == "llm-compressor")
    return SmoothingVariant::LlmCompressor;
  if (name == "modelopt")
    return SmoothingVariant::ModelOpt;
  return std::nullopt;
}

double qopt::defaultAlpha(SmoothingVariant variant) {
  return variant == SmoothingVariant::ModelOpt ? 1 : 0.5;
}

std::vector<float> qopt::activationStatistic(SmoothingVariant variant, std::span<const float> min,
                                             std::span<const float> max) {
  std::vector<float> statistic;
  for (size_t i = 0; i < min.size(); ++i)
    statistic.push_back(variant == SmoothingVariant::LlmCompressor
                            ? max[i] - min[i]
                            : std::max(std::fabs(min[i]), std::fabs(max[i])));
  return statistic;
}

static double columnMaximum(std::span<const std::vector<float>> weights, size_t channel) {
  double most = 0;
  for (const std::vector<float> &maxima : weights)
    most = std::max(most, double(maxima[channel]));
  return most;
}

static double mitScale(double alpha, double a, double w) {
  return std::max(std::pow(a, alpha) / std::pow(std::max(w, 1e-5), 1 - alpha), leastScale);
}

static double llmCompressorScale(double alpha, double a, double w) {
  return std::max(w > 0 ? std::pow(a, alpha) / std::pow(2 * w, 1 - alpha) : a, leastScale);
}

static double modelOptScale(double alpha, double a, std::span<const std::vector<float>> weights,
                            size_t channel) {
  double sum = 0;
  for (const std::vector<float> &maxima : weights) {
    double inverse =
        a <= 0x1p-31 ? 1 : std::pow(double(maxima[channel]), 1 - alpha) / std::pow(a, alpha);
    sum += std::clamp(inverse, 1e-4, 1e4);
  }
  return double(weights.size()) / sum;
}

std::vector<float> qopt::smoothingScales(SmoothingVariant variant, double alpha,
                                         std::span<const float> activation,
                                         std::span<const std::vector<float>> weights) {
  std::vector<float> scales;
  for (size_t channel = 0; channel < activation.size(); ++channel) {
    const double a = activation[channel], w = columnMaximum(weights, channel);
    double scale = 0;
    switch (variant) {
    case SmoothingVariant::Mit:
      scale = mitScale(alpha, a, w);
      break;
    case SmoothingVariant::LlmCompressor:
      scale = llmCompressorScale(alpha, a, w);
      break;
    case SmoothingVariant::ModelOpt:
      scale = modelOptScale(alpha, a, weights, channel);
      break;
    }
    scales.push_back(float(scale));
  }
  return scales;
}

std::vector<float> qopt::shareScales(std::span<const float> scales, const HeadGroups &groups) {
  std::vector<float> shared(scales.size() / size_t(groups.group));
  for (int64_t channel = 0; channel < int64_t(scales.size()); ++channel) {
    float &scale = shared[size_t(groups.indexOf(channel))];
    scale = std::max(scale, scales[size_t(channel)]);
  }
  return shared;
}
