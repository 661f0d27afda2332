//===- ScaleProducts.h - scales as multiples of a half ----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_FORMATS_SCALEPRODUCTS_H
#define QOPT_RUNTIME_FORMATS_SCALEPRODUCTS_H

#include <cstdint>
#include <optional>
#include <span>

namespace qopt {

/// The range of small integers that scales can be multiples by.
struct MultipleRange {
  int32_t least, most;
};

/// Takes the scales of a K block apart again: finds an f16 `unit` and integers in `range` whose
/// products are `scales`, exactly, and returns it with the integers in `multiples`. Nothing if
/// there are none, or a scale is not finite. The largest integers that do are taken, so that
/// scales of which one has the largest multiple give back what they were made of.
std::optional<float> splitProducts(std::span<const float> scales, MultipleRange range,
                                   std::span<int8_t> multiples);

} // namespace qopt

#endif // QOPT_RUNTIME_FORMATS_SCALEPRODUCTS_H
