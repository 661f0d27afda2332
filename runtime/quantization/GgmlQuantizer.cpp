//===- GgmlQuantizer.cpp - values to ggml's blocks ------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/quantization/GgmlQuantizer.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/FloatConvert.h"
#include "runtime/quantization/GgmlScheme.h"
#include "runtime/quantization/GgmlSearch.h"
#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

using namespace qopt;

static float roundToHalf(float value) { return f16ToF32(f32ToF16(value)); }

/// 0 where there is no finite inverse: such scales are 0 as halves.
static float inverseOf(float scale) {
  return std::fabs(scale) < std::numeric_limits<float>::min() ? 0 : 1 / scale;
}

/// `code = round(x / d)`, ties away from zero, and d the largest magnitude over 127.
static void quantizeQ8(std::span<const float> values, const BlockParts &parts) {
  float largest = 0;
  for (float value : values)
    largest = std::max(largest, std::fabs(value));
  float scale = largest / 127, inverse = inverseOf(scale);
  for (size_t i = 0; i < values.size(); ++i)
    parts.codes[i] = int8_t(std::round(values[i] * inverse));
  parts.scales[0] = roundToHalf(scale);
}

/// The value of largest magnitude, the first of several, becomes the code -`levels`; ties are
/// rounded up. The scale has its opposite sign.
static void quantizeSigned(int levels, std::span<const float> values, const BlockParts &parts) {
  float largest = 0;
  for (float value : values)
    if (std::fabs(value) > std::fabs(largest))
      largest = value;
  float scale = largest / float(-levels), inverse = inverseOf(scale);
  float half = float(levels) + 0.5f;
  for (size_t i = 0; i < values.size(); ++i) {
    // Two statements: the compiler must not fuse them into one rounding.
    float quotient = values[i] * inverse;
    float shifted = quotient + half;
    parts.codes[i] = int8_t(std::min(2 * levels - 1, int(shifted)) - levels);
  }
  parts.scales[0] = roundToHalf(scale);
}

/// Codes from the smallest value, 0, to the largest, `most`.
static void quantizeFromMinimum(int most, std::span<const float> values, const BlockParts &parts) {
  auto [least, largest] = std::ranges::minmax(values);
  float scale = (largest - least) / float(most), inverse = inverseOf(scale);
  for (size_t i = 0; i < values.size(); ++i) {
    float quotient = (values[i] - least) * inverse;
    float shifted = quotient + 0.5f;
    parts.codes[i] = int8_t(std::min(most, int(shifted)));
  }
  parts.scales[0] = roundToHalf(scale);
  parts.zeros[0] = roundToHalf(least);
}

static void quantizeBlock(GgmlType type, std::span<const float> values, const BlockParts &parts) {
  switch (type) {
  case GgmlType::Q8_0:
    return quantizeQ8(values, parts);
  case GgmlType::Q4_0:
    return quantizeSigned(8, values, parts);
  case GgmlType::Q5_0:
    return quantizeSigned(16, values, parts);
  case GgmlType::Q4_1:
    return quantizeFromMinimum(15, values, parts);
  case GgmlType::Q5_1:
    return quantizeFromMinimum(31, values, parts);
  case GgmlType::Q4_K:
    return searchPairs(15, values, parts);
  case GgmlType::Q5_K:
    return searchPairs(31, values, parts);
  case GgmlType::Q6_K:
    return searchScales(values, parts);
  case GgmlType::F32:
  case GgmlType::F16:
  case GgmlType::IQ4_NL:
  case GgmlType::BF16:
  case GgmlType::MXFP4:
    break;
  }
  fail("values are not quantized to {}; {} are known", ggmlTraits(type).name,
       fmt::join(ggmlTargetNames(), ", "));
}

/// Beyond what any type's f16 scale reaches, multiplied by a group's 8 bits and a code of 6. Up to
/// it, no intermediate result overflows.
static constexpr float kBeyondReach = 65504.0f * 128 * 32;

void qopt::quantizeGgml(GgmlType type, std::span<const float> values, const BlockParts &parts) {
  const GgmlTraits &traits = ggmlTraits(type);
  assert(values.size() == parts.codes.size() && values.size() % traits.blockElements == 0);
  bool isReached =
      std::ranges::all_of(values, [](float value) { return std::fabs(value) < kBeyondReach; });
  if (isReached) {
    for (size_t i = 0; i < values.size() / traits.blockElements; ++i)
      quantizeBlock(type, values.subspan(i * traits.blockElements, traits.blockElements),
                    partsOfBlock(traits, parts, i));
    for (std::span<const float> numbers : {parts.scales, parts.zeros})
      isReached &= std::ranges::all_of(numbers, [](float number) { return std::isfinite(number); });
  }
  if (!isReached)
    fail("{} has f16 scales, and values that they do not reach", traits.name);
}
