//===- InputStatistics.cpp - what calibration learns of one activation ----===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/calibration/InputStatistics.h"

#include <algorithm>
#include <bit>

using namespace qopt;

InputStatistics::InputStatistics(int64_t channels, int64_t expectedRows, int64_t sampleRows)
    : expectedRows(std::max<int64_t>(expectedRows, 1)),
      sampleRows(std::min(sampleRows, expectedRows)), minima(size_t(channels)),
      maxima(size_t(channels)) {
  sampled.reserve(size_t(this->sampleRows * channels));
}

/// Whether the row is the last of one of `sampleRows` equal parts of the expected rows.
bool InputStatistics::isSampled(int64_t row) const {
  return row < expectedRows &&
         (row + 1) * sampleRows / expectedRows > row * sampleRows / expectedRows;
}

/// The largest magnitude, as bits: those of an infinity or a NaN are at least `infinityBits`. A
/// maximum of integers, so that it vectorizes.
static uint32_t maxMagnitudeBits(std::span<const float> values) {
  uint32_t most = 0;
  for (float value : values)
    most = std::max(most, std::bit_cast<uint32_t>(value) & 0x7fffffff);
  return most;
}
static constexpr uint32_t infinityBits = 0x7f800000;

void InputStatistics::add(const float *values, int64_t rows, int64_t stride) {
  for (int64_t i = 0; i < rows; ++i) {
    const std::span<const float> row(values + i * stride, minima.size());
    const int64_t number = rowsSeen++;
    const uint32_t amaxBits = maxMagnitudeBits(row);
    if (amaxBits >= infinityBits) {
      if (badRow < 0)
        badRow = number;
      continue;
    }
    if (rowsCounted++ == 0) {
      std::ranges::copy(row, minima.begin());
      std::ranges::copy(row, maxima.begin());
    }
    for (size_t channel = 0; channel < row.size(); ++channel) {
      minima[channel] = std::min(minima[channel], row[channel]);
      maxima[channel] = std::max(maxima[channel], row[channel]);
    }
    magnitudes.add(row, std::bit_cast<float>(amaxBits));
    if (isSampled(number))
      sampled.insert(sampled.end(), row.begin(), row.end());
  }
}
