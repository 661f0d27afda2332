//===- MagnitudeHistogram.h - how large the elements of a tensor are *- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_CALIBRATION_MAGNITUDEHISTOGRAM_H
#define QOPT_RUNTIME_CALIBRATION_MAGNITUDEHISTOGRAM_H

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace qopt {

/// Counts of |x| in 2048 bins of equal width from 0 to a power of two, which doubles when a larger
/// element comes: two bins then become one. As the edges of all widths nest, the counts do not
/// depend on the order in which elements came.
class MagnitudeHistogram {
public:
  static constexpr size_t kBins = 2048;

  MagnitudeHistogram();

  /// Finite values. `amax` is their largest magnitude.
  void add(std::span<const float> values, float amax);

  /// The upper edge of the last bin: the least power of two above every magnitude, but 2^-100 at
  /// the least.
  double range() const { return upperEdge; }
  std::span<const int64_t> counts() const { return bins; }

private:
  std::vector<int64_t> bins;
  double upperEdge;
};

} // namespace qopt

#endif // QOPT_RUNTIME_CALIBRATION_MAGNITUDEHISTOGRAM_H
