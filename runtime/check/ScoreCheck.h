//===- ScoreCheck.h - scores against float64 --------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_CHECK_SCORECHECK_H
#define QOPT_RUNTIME_CHECK_SCORECHECK_H

#include "runtime/check/KernelCheck.h"
#include <random>

namespace qopt {

/// Runs the device's score function on logits drawn for `rows` rows: some with equal greatest ones,
/// some all alike but for one, some with a number that is not finite. Compares it with float64
/// arithmetic: ids must be the same, logarithms of probabilities within 2e-6.
KernelCheckResult checkScore(const Plan &plan, Device &device, int64_t rows, std::mt19937 &random);

} // namespace qopt

#endif // QOPT_RUNTIME_CHECK_SCORECHECK_H
