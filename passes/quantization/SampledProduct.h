//===- SampledProduct.h - matrix products on sampled rows -------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_PASSES_QUANTIZATION_SAMPLEDPRODUCT_H
#define QOPT_PASSES_QUANTIZATION_SAMPLEDPRODUCT_H

#include <cstdint>
#include <span>
#include <vector>

namespace qopt {

/// `X W^T` for rows `x` [S, depth] and rows of a weight `w` [N, depth]: [S, N]. Sums in f32, 16
/// lanes each, whatever the machine.
std::vector<float> multiply(std::span<const float> x, std::span<const float> w, int64_t depth);

/// The sum of (a - b)^2.
double squaredDistance(std::span<const float> a, std::span<const float> b);

} // namespace qopt

#endif // QOPT_PASSES_QUANTIZATION_SAMPLEDPRODUCT_H
