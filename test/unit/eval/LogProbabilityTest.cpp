//===- LogProbabilityTest.cpp - log-softmax against float64 Python --------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/session/LogProbability.h"
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <vector>

using namespace qopt;

namespace {

/// Multiples of 1/8, exact in float. 40 of them, so that there are both full blocks and a tail.
std::vector<float> sampleLogits() {
  std::vector<float> logits;
  for (int i = 0; i < 40; ++i)
    logits.push_back(float((i * 37) % 64 - 32) / 8.0f);
  return logits;
}

// Expected values: x[t] - max - math.log(sum(math.exp(v - max) for v in x)) in Python.
TEST(LogProbability, AgreesWithFloat64) {
  const std::vector<float> logits = sampleLogits();
  EXPECT_NEAR(logProbability(logits, 0), -9.619523522616928, 1e-6);
  EXPECT_NEAR(logProbability(logits, 7), -9.244523522616928, 1e-6);
  EXPECT_NEAR(logProbability(logits, 39), -5.2445235226169284, 1e-6);
}

TEST(LogProbability, DoesNotOverflow) {
  const std::vector<float> logits = {1000.0f, 1001.0f, 999.5f};
  EXPECT_NEAR(logProbability(logits, 0), -1.464368784107945, 1e-6);
  EXPECT_NEAR(logProbability(logits, 1), -0.4643687841079449, 1e-6);
  EXPECT_NEAR(logProbability(logits, 2), -1.964368784107945, 1e-6);
}

TEST(LogProbability, OfEqualLogitsIsOneInTheirNumber) {
  for (int count : {1, 2, 31, 32, 33, 1000})
    EXPECT_NEAR(logProbability(std::vector<float>(size_t(count), -3.25f), count - 1),
                -std::log(double(count)), 1e-7)
        << count;
}

TEST(LogProbability, IgnoresWhatIsFarBelowTheGreatest) {
  std::vector<float> logits(64, -std::numeric_limits<float>::infinity());
  logits[5] = 2.0f;
  logits[60] = -1e30f;
  EXPECT_EQ(logProbability(logits, 5), 0.0);
}

TEST(LogProbability, OfProbabilitiesSumToOne) {
  const std::vector<float> logits = sampleLogits();
  double sum = 0;
  for (size_t token = 0; token < logits.size(); ++token)
    sum += std::exp(logProbability(logits, int32_t(token)));
  EXPECT_NEAR(sum, 1.0, 1e-6);
}

TEST(LogProbability, KeepsNaN) {
  for (size_t at : {size_t(0), size_t(9), size_t(38)}) {
    std::vector<float> logits = sampleLogits();
    logits[at] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_TRUE(std::isnan(logProbability(logits, 20))) << at;
  }
}

} // namespace
