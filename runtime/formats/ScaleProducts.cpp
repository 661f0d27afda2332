//===- ScaleProducts.cpp - scales as multiples of a half ------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/ScaleProducts.h"

#include "runtime/formats/FloatConvert.h"
#include <algorithm>
#include <cassert>
#include <cmath>

using namespace qopt;

/// Whether all of `scales` are multiples of `unit`, which is not 0.
static bool divide(std::span<const float> scales, float unit, MultipleRange range,
                   std::span<int8_t> multiples) {
  for (size_t i = 0; i < scales.size(); ++i) {
    float quotient = std::nearbyint(scales[i] / unit);
    if (!(quotient >= float(range.least) && quotient <= float(range.most)) ||
        quotient * unit != scales[i])
      return false;
    multiples[i] = int8_t(quotient);
  }
  return true;
}

std::optional<float> qopt::splitProducts(std::span<const float> scales, MultipleRange range,
                                         std::span<int8_t> multiples) {
  assert(scales.size() == multiples.size() && range.least >= -128 && range.most <= 127);
  float largest = 0;
  for (float scale : scales) {
    if (!std::isfinite(scale))
      return std::nullopt;
    largest = std::max(largest, std::fabs(scale));
  }
  if (largest == 0) {
    std::ranges::fill(multiples, int8_t(0));
    return 0.0f;
  }
  for (int32_t multiple = std::max(-range.least, range.most); multiple > 0; --multiple) {
    float unit = largest / float(multiple);
    // Halves have 10 bits of mantissa: most candidates fail here.
    if (f16ToF32(f32ToF16(unit)) != unit)
      continue;
    for (float candidate : {unit, -unit})
      if (divide(scales, candidate, range, multiples))
        return candidate;
  }
  return std::nullopt;
}
