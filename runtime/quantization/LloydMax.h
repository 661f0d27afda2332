//===- LloydMax.h - optimal codes of a Gaussian -----------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_QUANTIZATION_LLOYDMAX_H
#define QOPT_RUNTIME_QUANTIZATION_LLOYDMAX_H

#include <cstdint>
#include <vector>

namespace qopt {

/// The 2^bits values, ascending, that a unit Gaussian is rounded to with the least mean squared
/// error (Lloyd 1982, Max 1960): each is the mean of what lies nearest to it. Solved by Newton's
/// method on that condition; the two halves mirror each other. 1 to 8 bits.
std::vector<double> lloydMaxPoints(int64_t bits);

/// The 2^bits odd multiples of 1 / (2^bits - 1) in [-1, 1], ascending.
std::vector<double> uniformPoints(int64_t bits);

} // namespace qopt

#endif // QOPT_RUNTIME_QUANTIZATION_LLOYDMAX_H
