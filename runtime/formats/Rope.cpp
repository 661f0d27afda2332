//===- Rope.cpp - rotary position frequencies -----------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/ModelConfig.h"

#include <cmath>
#include <numbers>

using namespace qopt;

/// Keeps wavelengths that fit the original context `highFreqFactor` times, stretches those that do
/// not fit it `lowFreqFactor` times, and blends linearly between.
static double scaleLlama3(double frequency, const Llama3RopeScaling &scaling) {
  double wavelength = 2 * std::numbers::pi / frequency;
  double fits = double(scaling.originalMaxPosition) / wavelength;
  if (fits > scaling.highFreqFactor)
    return frequency;
  if (fits < scaling.lowFreqFactor)
    return frequency / scaling.factor;
  double smooth = (fits - scaling.lowFreqFactor) / (scaling.highFreqFactor - scaling.lowFreqFactor);
  return (1 - smooth) * frequency / scaling.factor + smooth * frequency;
}

std::vector<double> qopt::ropeInverseFrequencies(const ModelConfig &config) {
  if (config.positionKind != PositionKind::Rope)
    return {};
  std::vector<double> frequencies;
  for (int64_t i = 0; i < config.headDim; i += 2) {
    double frequency = 1 / std::pow(config.ropeTheta, double(i) / double(config.headDim));
    if (const auto *linear = std::get_if<LinearRopeScaling>(&config.ropeScaling))
      frequency /= linear->factor;
    else if (const auto *llama3 = std::get_if<Llama3RopeScaling>(&config.ropeScaling))
      frequency = scaleLlama3(frequency, *llama3);
    frequencies.push_back(frequency);
  }
  return frequencies;
}
