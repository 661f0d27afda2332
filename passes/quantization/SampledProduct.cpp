//===- SampledProduct.cpp - matrix products on sampled rows ---------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/quantization/SampledProduct.h"

using namespace qopt;

/// Lanes, so that the loop vectorizes without reordering a sum.
static float dotProduct(const float *a, const float *b, int64_t size) {
  constexpr int64_t kLanes = 16;
  float lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= size; i += kLanes)
    for (int64_t lane = 0; lane < kLanes; ++lane)
      lanes[lane] += a[i + lane] * b[i + lane];
  for (; i < size; ++i)
    lanes[0] += a[i] * b[i];
  float sum = 0;
  for (float lane : lanes)
    sum += lane;
  return sum;
}

std::vector<float> qopt::multiply(std::span<const float> x, std::span<const float> w,
                                  int64_t depth) {
  const int64_t rows = int64_t(x.size()) / depth, columns = int64_t(w.size()) / depth;
  std::vector<float> result(size_t(rows * columns));
  for (int64_t column = 0; column < columns; ++column)
    for (int64_t row = 0; row < rows; ++row)
      result[size_t(row * columns + column)] =
          dotProduct(x.data() + row * depth, w.data() + column * depth, depth);
  return result;
}

double qopt::squaredDistance(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i)
    sum += (double(a[i]) - double(b[i])) * (double(a[i]) - double(b[i]));
  return sum;
}
