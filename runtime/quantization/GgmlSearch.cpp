//===- GgmlSearch.cpp - scales of K blocks --------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/quantization/GgmlSearch.h"

#include "runtime/formats/FloatConvert.h"
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

using namespace qopt;

static float roundToHalf(float value) { return f16ToF32(f32ToF16(value)); }

namespace {

/// `scale * code + zero` for codes of a range, without branches, so that loops vectorize.
struct Code {
  float inverse, zero, least, most;

  Code(float scale, float zero, float least, float most)
      : inverse(std::fabs(scale) < std::numeric_limits<float>::min() ? 0 : 1 / scale), zero(zero),
        least(least), most(most) {}

  /// The code of a value, as a float. The addition rounds to an integer.
  float operator()(float value) const {
    constexpr float magic = 0x1.8p23f, bound = 0x1p20f;
    float quotient = std::min(std::max((value - zero) * inverse, -bound), bound);
    return std::min(std::max((quotient + magic) - magic, least), most);
  }
};

/// The best so far of what was tried.
struct Fit {
  float scale = 0, zero = 0;
  float error = std::numeric_limits<float>::infinity();

  void offer(float otherScale, float otherZero, float otherError) {
    if (otherError < error)
      *this = {otherScale, otherZero, otherError};
  }
};

} // namespace

/// The sum of `term(value)` over groups of 16 or 32, in as many chains as fill vectors.
template <typename Term> static float sumOver(std::span<const float> values, Term term) {
  constexpr size_t kChains = 8;
  std::array<float, kChains> sums{};
  for (size_t i = 0; i < values.size(); i += kChains)
    for (size_t chain = 0; chain < kChains; ++chain)
      sums[chain] += term(values[i + chain]);
  return std::accumulate(sums.begin(), sums.end(), 0.0f);
}

static float squaredError(std::span<const float> values, const Code &code, float scale) {
  return sumOver(values, [&](float value) {
    float difference = scale * code(value) + code.zero - value;
    return difference * difference;
  });
}

/// An integer of a range near `value / unit`.
static float nearestMultiple(float value, float unit, float least, float most) {
  return unit == 0 ? 0 : std::clamp(std::nearbyint(value / unit), least, most);
}

/// The codes of a group under the scale and zero that were found, which become its parts.
static void setGroup(const BlockParts &parts, size_t group, std::span<const float> values,
                     const Fit &fit, const Code &code) {
  std::ranges::transform(values, parts.codes.subspan(group * values.size()).begin(),
                         [&](float value) { return int8_t(code(value)); });
  parts.scales[group] = fit.scale;
  if (!parts.zeros.empty())
    parts.zeros[group] = fit.zero;
}

//===----------------------------------------------------------------------===//
// Q4_K and Q5_K
//===----------------------------------------------------------------------===//

static constexpr size_t kPairGroup = 32;
static constexpr float kMostMultiple = 63;

/// The scale and zero, not above 0, that fit the codes best which `code` gives a group.
static void offerLeastSquares(std::span<const float> values, float sumX, const Code &code,
                              Fit &best) {
  float count = float(values.size());
  float sum = sumOver(values, code);
  float sumSquares = sumOver(values, [&](float value) { return code(value) * code(value); });
  float sumProducts = sumOver(values, [&](float value) { return code(value) * value; });
  float determinant = count * sumSquares - sum * sum;
  if (!(determinant > 0))
    return;
  float scale = (count * sumProducts - sumX * sum) / determinant;
  float zero = (sumX - scale * sum) / count;
  if (zero > 0) {
    zero = 0;
    scale = sumProducts / sumSquares;
  }
  best.offer(scale, zero, squaredError(values, Code(scale, zero, 0, code.most), scale));
}

/// The scale and zero, not above 0, that fit a group best.
static Fit fitPair(float most, std::span<const float> values) {
  auto [least, largest] = std::ranges::minmax(values);
  least = std::min(least, 0.0f);
  if (!(largest > least))
    return {0, least, 0};
  float sumX = sumOver(values, [](float value) { return value; });
  float whole = (largest - least) / most;
  Fit best{whole, least, squaredError(values, Code(whole, least, 0, most), whole)};
  constexpr int kSteps = 12;
  // From one code less than there are, so that the extremes are cut, to one more.
  for (int step = 0; step <= kSteps; ++step) {
    float codes = most - 1 + 2 * float(step) / kSteps;
    offerLeastSquares(values, sumX, Code((largest - least) / codes, least, 0, most), best);
    // Beside few large values all others may best share the code 0.
    offerLeastSquares(values, sumX, Code(largest / codes, 0, 0, most), best);
  }
  return best;
}

/// The multiple of `zeroUnit` that fits a group best under a scale: it and the codes are chosen in
/// turns.
static void offerZeros(float most, std::span<const float> values, float scale, float zero,
                       float zeroUnit, Fit &best) {
  constexpr int kTurns = 2;
  for (int turn = 0; turn < kTurns; ++turn) {
    Code code(scale, zero, 0, most);
    float rest = sumOver(values, [&](float value) { return value - scale * code(value); });
    float nearest = nearestMultiple(rest / float(values.size()), zeroUnit, 0, kMostMultiple);
    if (turn > 0 && zero == zeroUnit * nearest)
      return;
    zero = zeroUnit * nearest;
    for (float step : {-1.0f, 0.0f, 1.0f}) {
      float near = zeroUnit * std::clamp(nearest + step, 0.0f, kMostMultiple);
      best.offer(scale, near, squaredError(values, Code(scale, near, 0, most), scale));
    }
  }
}

/// Gives all groups multiples of the two units; returns the block's error.
static float fitUnits(float most, std::span<const float> values, std::span<const Fit> fits,
                      float scaleUnit, float zeroUnit, std::span<Fit> result) {
  float error = 0;
  for (size_t group = 0; group < fits.size(); ++group) {
    std::span<const float> part = values.subspan(group * kPairGroup, kPairGroup);
    float nearest = nearestMultiple(fits[group].scale, scaleUnit, 0, kMostMultiple);
    Fit best;
    for (float step : {-1.0f, 0.0f, 1.0f}) {
      float multiple = std::clamp(nearest + step, 0.0f, kMostMultiple);
      offerZeros(most, part, scaleUnit * multiple, fits[group].zero, zeroUnit, best);
    }
    result[group] = best;
    error += best.error;
  }
  return error;
}

void qopt::searchPairs(int most, std::span<const float> values, const BlockParts &parts) {
  constexpr size_t kGroups = 8;
  std::array<Fit, kGroups> fits, best, tried;
  float largestScale = 0, lowestZero = 0;
  for (size_t group = 0; group < kGroups; ++group) {
    fits[group] = fitPair(float(most), values.subspan(group * kPairGroup, kPairGroup));
    largestScale = std::max(largestScale, fits[group].scale);
    lowestZero = std::min(lowestZero, fits[group].zero);
  }
  float zeroUnit = roundToHalf(lowestZero / kMostMultiple);
  float bestError = std::numeric_limits<float>::infinity();
  // Where one group is far coarser than the others, these gain by a smaller unit.
  for (float factor : {1.0f, 0.96f, 0.92f, 0.88f}) {
    float scaleUnit = roundToHalf(factor * largestScale / kMostMultiple);
    if (!std::isfinite(scaleUnit) || !std::isfinite(zeroUnit)) {
      std::ranges::fill(parts.scales, std::numeric_limits<float>::infinity());
      return;
    }
    float error = fitUnits(float(most), values, fits, scaleUnit, zeroUnit, tried);
    if (error < bestError) {
      bestError = error;
      best = tried;
    }
  }
  for (size_t group = 0; group < kGroups; ++group)
    setGroup(parts, group, values.subspan(group * kPairGroup, kPairGroup), best[group],
             Code(best[group].scale, best[group].zero, 0, float(most)));
}

//===----------------------------------------------------------------------===//
// Q6_K
//===----------------------------------------------------------------------===//

static constexpr float kLeastCode = -32, kMostCode = 31;

static float fitScale(std::span<const float> values) {
  float largest = 0;
  for (float value : values)
    if (std::fabs(value) > std::fabs(largest))
      largest = value;
  if (largest == 0)
    return 0;
  Fit best{largest / kLeastCode};
  constexpr int kSteps = 12;
  for (int step = -kSteps; step <= kSteps; ++step) {
    // The value of largest magnitude gets the code -32, or one near it.
    Code code(largest / (kLeastCode + 0.1f * float(step)), 0, kLeastCode, kMostCode);
    float sumSquares = sumOver(values, [&](float value) { return code(value) * code(value); });
    float sumProducts = sumOver(values, [&](float value) { return code(value) * value; });
    if (sumSquares == 0)
      continue;
    float scale = sumProducts / sumSquares;
    best.offer(scale, 0, squaredError(values, Code(scale, 0, kLeastCode, kMostCode), scale));
  }
  return best.scale;
}

void qopt::searchScales(std::span<const float> values, const BlockParts &parts) {
  constexpr size_t kGroups = 16, kSize = 16;
  constexpr float kLeast = -128, kMost = 127;
  std::array<float, kGroups> scales;
  for (size_t group = 0; group < kGroups; ++group)
    scales[group] = fitScale(values.subspan(group * kSize, kSize));
  // The largest gets the multiple -128.
  float largest =
      *std::ranges::max_element(scales, {}, [](float scale) { return std::fabs(scale); });
  float unit = roundToHalf(largest / kLeast);
  if (!std::isfinite(unit)) {
    std::ranges::fill(parts.scales, unit);
    return;
  }
  for (size_t group = 0; group < kGroups; ++group) {
    std::span<const float> part = values.subspan(group * kSize, kSize);
    float nearest = nearestMultiple(scales[group], unit, kLeast, kMost);
    Fit best;
    for (float step : {-1.0f, 0.0f, 1.0f}) {
      float scale = unit * std::clamp(nearest + step, kLeast, kMost);
      best.offer(scale, 0, squaredError(part, Code(scale, 0, kLeastCode, kMostCode), scale));
    }
    setGroup(parts, group, part, best, Code(best.scale, 0, kLeastCode, kMostCode));
  }
}
