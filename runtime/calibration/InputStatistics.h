//===- InputStatistics.h - what calibration learns of one activation *- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_CALIBRATION_INPUTSTATISTICS_H
#define QOPT_RUNTIME_CALIBRATION_INPUTSTATISTICS_H

#include "runtime/calibration/MagnitudeHistogram.h"

namespace qopt {

/// Statistics of the rows of one matrix of activations: of each channel (column) the least and the
/// greatest element, of all elements together a histogram of magnitudes, and some rows as they are.
/// All memory is taken by the constructor.
class InputStatistics {
public:
  /// `expectedRows` rows will come, of which `sampleRows` at most are kept, evenly spaced: the same
  /// ones for every input of a model.
  InputStatistics(int64_t channels, int64_t expectedRows, int64_t sampleRows);

  /// Adds rows that start every `stride` elements. A row with an infinity or a NaN is not counted,
  /// but remembered.
  void add(const float *values, int64_t rows, int64_t stride);

  int64_t channels() const { return int64_t(minima.size()); }
  /// Rows counted.
  int64_t count() const { return rowsCounted; }
  /// Of the first row that was not finite; -1 if all were.
  int64_t firstBadRow() const { return badRow; }

  /// Of each channel; 0 before any row came.
  std::span<const float> min() const { return minima; }
  std::span<const float> max() const { return maxima; }
  const MagnitudeHistogram &histogram() const { return magnitudes; }
  /// The rows that were kept, one after the other.
  std::span<const float> sample() const { return sampled; }
  int64_t sampleCount() const { return int64_t(sampled.size()) / channels(); }

private:
  bool isSampled(int64_t row) const;

  int64_t expectedRows, sampleRows;
  int64_t rowsSeen = 0, rowsCounted = 0, badRow = -1;
  std::vector<float> minima, maxima;
  MagnitudeHistogram magnitudes;
  std::vector<float> sampled;
};

} // namespace qopt

#endif // QOPT_RUNTIME_CALIBRATION_INPUTSTATISTICS_H
