//===- PairedTest.cpp - whether two models differ on a task ---------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/tasks/PairedTest.h"
#include <algorithm>
#include <cassert>
#include <cmath>

using namespace qopt;

/// P(X <= k) for X of n tosses of a coin.
static double binomialTail(int64_t k, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i <= k; ++i)
    sum += std::exp(std::lgamma(double(n + 1)) - std::lgamma(double(i + 1)) -
                    std::lgamma(double(n - i + 1)) - double(n) * std::log(2.0));
  return sum;
}

PairedTest qopt::testPairs(std::span<const double> first, std::span<const double> second) {
  assert(first.size() == second.size() && !first.empty());
  PairedTest test;
  for (size_t i = 0; i < first.size(); ++i) {
    test.onlyFirst += first[i] > second[i];
    test.onlySecond += second[i] > first[i];
  }
  const double n = double(first.size());
  const int64_t differing = test.onlyFirst + test.onlySecond;
  test.difference = double(test.onlySecond - test.onlyFirst) / n;
  const double variance = double(differing) / n - test.difference * test.difference;
  if (first.size() > 1)
    test.error = std::sqrt(std::max(variance, 0.0) / (n - 1));
  test.p = std::min(1.0, 2 * binomialTail(std::min(test.onlyFirst, test.onlySecond), differing));
  return test;
}
