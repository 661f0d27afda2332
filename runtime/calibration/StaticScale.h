//===- StaticScale.h - the range of an activation that is quantized *- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_CALIBRATION_STATICSCALE_H
#define QOPT_RUNTIME_CALIBRATION_STATICSCALE_H

#include "runtime/calibration/Profile.h"
#include "runtime/quantization/Scheme.h"

namespace qopt {

/// How the largest magnitude that keeps its value is chosen; larger ones are clamped to it.
enum class RangeMethod : uint8_t {
  Max,        ///< the largest that occurred
  Percentile, ///< the least that this share of the elements does not exceed
  Mse,        ///< the least mean squared error under the scheme
  Entropy     ///< the least KL divergence of magnitudes (Migacz 2017, TensorRT); int8 only
};

struct RangeChoice {
  RangeMethod method = RangeMethod::Max;
  double percentile = 99.99; ///< for Percentile, in (0, 100]
};

/// `max`, `percentile`, `percentile:99.9`, `mse` or `entropy`. Throws an Error that says so.
RangeChoice parseRangeChoice(std::string_view text);

/// The amax of a static per-tensor scale for activations of `input` under `scheme`: what
/// chooseParameters takes as the range [-amax, amax]. Throws an Error where the scheme has no such
/// choice.
float chooseStaticAmax(const ProfiledInput &input, const RangeChoice &choice, const Scheme &scheme);

} // namespace qopt

#endif // QOPT_RUNTIME_CALIBRATION_STATICSCALE_H
