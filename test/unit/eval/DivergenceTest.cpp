//===- DivergenceTest.cpp - against hand-worked distributions -------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/Divergence.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace qopt;

namespace {

std::vector<double> logs(std::vector<double> probabilities) {
  for (double &p : probabilities)
    p = std::log(p);
  return probabilities;
}

TEST(Divergence, LogSoftmaxOfLargeLogits) {
  std::vector<float> logits = {1000, 1000, -1000};
  std::vector<double> result(3);
  logSoftmax(logits, result);
  EXPECT_DOUBLE_EQ(result[0], -std::log(2));
  EXPECT_DOUBLE_EQ(result[2], -2000 - std::log(2));
}

// KL((1/2, 1/2) || (1/4, 3/4)) = 1/2 ln 2 + 1/2 ln(2/3) = 1/2 ln(4/3);
// KL((1/4, 3/4) || (1/2, 1/2)) = 3/4 ln 3 - ln 2.
TEST(Divergence, HandWorkedTokens) {
  Divergence divergence;
  divergence.add(logs({0.5, 0.5}), logs({0.25, 0.75}), 0);
  divergence.add(logs({0.25, 0.75}), logs({0.5, 0.5}), 1);
  const DivergenceResult result = divergence.result();
  const double first = 0.5 * std::log(4.0 / 3), second = 0.75 * std::log(3.0) - std::log(2.0);
  EXPECT_NEAR(result.klDivergence.estimate.mean, (first + second) / 2, 1e-15);
  EXPECT_NEAR(result.klDivergence.estimate.error, std::fabs(first - second) / 2, 1e-15);
  EXPECT_NEAR(result.klDivergence.max, std::max(first, second), 1e-15);
  EXPECT_NEAR(result.klDivergence.median, (first + second) / 2, 1e-15);
  // Both tokens lose a quarter of probability.
  EXPECT_NEAR(result.deltaP.estimate.mean, -0.25, 1e-15);
  EXPECT_NEAR(result.rmsDeltaP.mean, 0.25, 1e-15);
  // nll: ln 4 and ln 2 against ln 2 and ln(4/3).
  EXPECT_NEAR(result.perplexity.mean, std::sqrt(8.0), 1e-12);
  EXPECT_NEAR(estimatePerplexity(std::vector{std::log(2.0), std::log(4.0 / 3)}).mean,
              std::sqrt(8.0 / 3), 1e-12);
  EXPECT_NEAR(result.logRatio.mean, 0.5 * std::log(3.0), 1e-12);
  // The first pair ties in the base, whose first is token 0; the second differs too.
  EXPECT_EQ(result.sameTop.mean, 0);
}

// What llama.cpp leaves out: log-probabilities of the base that its file does not hold.
TEST(Divergence, UnknownBaseProbabilities) {
  Divergence divergence(-16);
  divergence.add(std::vector{std::log(0.5), std::log(0.25), -16.0}, logs({0.25, 0.25, 0.5}), 2);
  const DivergenceResult result = divergence.result();
  EXPECT_NEAR(result.klDivergence.estimate.mean, 0.5 * std::log(2.0), 1e-15);
}

TEST(Divergence, EqualModels) {
  Divergence divergence;
  for (int32_t token : {0, 1, 2})
    divergence.add(logs({0.2, 0.3, 0.5}), logs({0.2, 0.3, 0.5}), token);
  const DivergenceResult result = divergence.result();
  EXPECT_EQ(result.klDivergence.max, 0);
  EXPECT_EQ(result.logRatio.mean, 0);
  EXPECT_EQ(result.logRatio.error, 0);
  EXPECT_NEAR(result.correlation, 1, 1e-12);
  EXPECT_EQ(result.sameTop.mean, 1);
}

} // namespace
