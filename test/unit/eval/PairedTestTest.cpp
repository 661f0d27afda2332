//===- PairedTestTest.cpp - whether two models differ on a task -----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/tasks/PairedTest.h"
#include <gtest/gtest.h>
#include <vector>

using namespace qopt;

/// Questions that both, only the first, only the second, and none have right.
static PairedTest test(int both, int first, int second, int none) {
  std::vector<double> a, b;
  auto add = [&](int count, double x, double y) {
    a.insert(a.end(), size_t(count), x);
    b.insert(b.end(), size_t(count), y);
  };
  add(both, 1, 1);
  add(first, 1, 0);
  add(second, 0, 1);
  add(none, 0, 0);
  return testPairs(a, b);
}

// scipy.stats.binomtest(2, 12).pvalue, (40, 100), (5, 10)
TEST(PairedTestTest, isTheExactBinomialTest) {
  EXPECT_NEAR(test(50, 10, 2, 38).p, 0.03857421875, 1e-12);
  EXPECT_NEAR(test(50, 40, 60, 850).p, 0.05688793364098078, 1e-10);
  EXPECT_EQ(test(3, 5, 5, 0).p, 1);
  EXPECT_EQ(test(3, 0, 0, 4).p, 1);
}

TEST(PairedTestTest, comparesPairByPair) {
  const PairedTest result = test(50, 10, 2, 38);
  EXPECT_EQ(result.onlyFirst, 10);
  EXPECT_EQ(result.onlySecond, 2);
  EXPECT_DOUBLE_EQ(result.difference, -0.08);
  // The mean of 10 times -1, twice 1 and 88 zeros: sqrt((0.12 - 0.08^2) / 99).
  EXPECT_NEAR(result.error, 0.0338744, 1e-7);
}

TEST(PairedTestTest, manyQuestionsDoNotUnderflow) {
  EXPECT_NEAR(test(0, 7000, 7042, 0).p, 0.729, 2e-3);
}
