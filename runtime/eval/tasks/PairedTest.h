//===- PairedTest.h - whether two models differ on a task -------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EVAL_TASKS_PAIREDTEST_H
#define QOPT_RUNTIME_EVAL_TASKS_PAIREDTEST_H

#include <cstdint>
#include <span>

namespace qopt {

/// McNemar's test: only questions that one of the two answers rightly and the other does not tell
/// them apart.
struct PairedTest {
  int64_t onlyFirst = 0;  ///< Questions that only the first has right,
  int64_t onlySecond = 0; ///< and only the second.
  double difference = 0;  ///< Of the second's accuracy to the first's,
  double error = 0;       ///< and its standard error, from the pairs.
  double p = 1;           ///< Two-sided, exact: of so uneven a split, or more, by chance.
};

/// `first` and `second` are 0 or 1 for each question, at least one.
PairedTest testPairs(std::span<const double> first, std::span<const double> second);

} // namespace qopt

#endif // QOPT_RUNTIME_EVAL_TASKS_PAIREDTEST_H
