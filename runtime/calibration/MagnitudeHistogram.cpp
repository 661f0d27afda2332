//===- MagnitudeHistogram.cpp - how large the elements of a tensor are ----===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/calibration/MagnitudeHistogram.h"

#include <cmath>

using namespace qopt;

/// With a range this small, `kBins / range` is still a float.
static constexpr double leastRange = 0x1p-100;

MagnitudeHistogram::MagnitudeHistogram() : bins(kBins), upperEdge(leastRange) {}

void MagnitudeHistogram::add(std::span<const float> values, float amax) {
  while (upperEdge <= double(amax)) {
    for (size_t i = 0; i < kBins / 2; ++i)
      bins[i] = bins[2 * i] + bins[2 * i + 1];
    for (size_t i = kBins / 2; i < kBins; ++i)
      bins[i] = 0;
    upperEdge *= 2;
  }
  // A power of two: the product is exact, and so is the bin.
  const float scale = float(double(kBins) / upperEdge);
  for (float value : values)
    ++bins[size_t(std::fabs(value) * scale)];
}
