//===- LogProbability.cpp - log-softmax of one token ----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/session/LogProbability.h"
#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cmath>
#include <numeric>

namespace qopt {

namespace {

/// Chains that the sum is split into, so that compilers vectorize it without reordering.
constexpr size_t numLanes = 32;

/// exp(x) for x <= 0 within 2 units in the last place, without branches or calls: 2^n * exp(r) with
/// |r| <= ln(2) / 2 and the polynomial of Cephes' expf. What would be subnormal becomes about
/// 1e-38, which vanishes beside the greatest term, 1. A NaN stays one.
float expNonPositive(float x) {
  const float clamped = x > -87.0f ? x : -87.0f;
  constexpr float roundingShift = 12582912.0f; // 1.5 * 2^23: adding it rounds to an integer.
  const float shifted = clamped * 1.44269504088896341f + roundingShift;
  const float n = shifted - roundingShift;
  const float r = (clamped - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  // The low bits of `shifted` are those of n; moved into the exponent they multiply p by 2^n.
  const uint32_t exponent = std::bit_cast<uint32_t>(shifted) << 23;
  const float result = std::bit_cast<float>(std::bit_cast<uint32_t>(p) + exponent);
  return x == x ? result : x;
}

/// Lanes make it vectorizable, which std::max_element is not.
float greatest(std::span<const float> logits) {
  std::array<float, numLanes> lanes;
  lanes.fill(logits.front());
  size_t i = 0;
  for (; i + numLanes <= logits.size(); i += numLanes)
    for (size_t lane = 0; lane < numLanes; ++lane)
      lanes[lane] = std::max(lanes[lane], logits[i + lane]);
  const float result = *std::max_element(lanes.begin(), lanes.end());
  return std::accumulate(logits.begin() + i, logits.end(), result,
                         [](float a, float b) { return std::max(a, b); });
}

/// Sum of exp(logit - max), in double precision.
double sumOfExponentials(std::span<const float> logits, float max) {
  std::array<double, numLanes> sums{};
  std::array<float, numLanes> terms;
  size_t i = 0;
  for (; i + numLanes <= logits.size(); i += numLanes) {
    const float *block = logits.data() + i;
    for (size_t lane = 0; lane < numLanes; ++lane)
      terms[lane] = expNonPositive(block[lane] - max);
    for (size_t lane = 0; lane < numLanes; ++lane)
      sums[lane] += terms[lane];
  }
  double sum = std::accumulate(sums.begin(), sums.end(), 0.0);
  for (; i < logits.size(); ++i)
    sum += expNonPositive(logits[i] - max);
  return sum;
}

} // namespace

LogSoftmax::LogSoftmax(std::span<const float> logits)
    : logits(logits), max(greatest(logits)), logOfSum(std::log(sumOfExponentials(logits, max))) {}

int32_t LogSoftmax::likeliest() const {
  return int32_t(std::ranges::find(logits, max) - logits.begin());
}

double logProbability(std::span<const float> logits, int32_t token) {
  assert(token >= 0 && size_t(token) < logits.size());
  return LogSoftmax(logits).logProbability(token);
}

} // namespace qopt
