//===- SmoothingTest.cpp - scales worked out by hand ----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/quantization/Smoothing.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace qopt;

namespace {

using Maxima = std::vector<std::vector<float>>;

float scaleOf(SmoothingVariant variant, double alpha, float activation, const Maxima &weights) {
  return smoothingScales(variant, alpha, std::span(&activation, 1), weights).front();
}

TEST(Smoothing, MitTakesTheLargestColumnOfAllLinears) {
  // sqrt(16) / sqrt(4)
  EXPECT_FLOAT_EQ(scaleOf(SmoothingVariant::Mit, 0.5, 16, {{1}, {4}}), 2);
  EXPECT_FLOAT_EQ(scaleOf(SmoothingVariant::Mit, 1, 16, {{4}}), 16);
  EXPECT_FLOAT_EQ(scaleOf(SmoothingVariant::Mit, 0, 16, {{4}}), 0.25);
}

TEST(Smoothing, MitRaisesZeros) {
  EXPECT_FLOAT_EQ(scaleOf(SmoothingVariant::Mit, 0.5, 0, {{1}}), 1e-5f);
  // sqrt(1) / sqrt(1e-5)
  EXPECT_FLOAT_EQ(scaleOf(SmoothingVariant::Mit, 0.5, 1, {{0}}), 316.22777f);
}

TEST(Smoothing, LlmCompressorDoublesWeights) {
  // sqrt(16) / sqrt(2 * 2)
  EXPECT_FLOAT_EQ(scaleOf(SmoothingVariant::LlmCompressor, 0.5, 16, {{2}, {1}}), 2);
  EXPECT_FLOAT_EQ(scaleOf(SmoothingVariant::LlmCompressor, 0.5, 7, {{0}}), 7);
  EXPECT_FLOAT_EQ(scaleOf(SmoothingVariant::LlmCompressor, 0.5, 0, {{1}}), 1e-5f);
}

TEST(Smoothing, ModelOptAveragesInverses) {
  EXPECT_FLOAT_EQ(scaleOf(SmoothingVariant::ModelOpt, 1, 8, {{3}, {5}}), 8);
  // 1/s of the linears: sqrt(1)/sqrt(16) = 1/4 and sqrt(9)/sqrt(16) = 3/4; their mean is 1/2.
  EXPECT_FLOAT_EQ(scaleOf(SmoothingVariant::ModelOpt, 0.5, 16, {{1}, {9}}), 2);
  EXPECT_FLOAT_EQ(scaleOf(SmoothingVariant::ModelOpt, 0.5, 0, {{4}}), 1);
  EXPECT_FLOAT_EQ(scaleOf(SmoothingVariant::ModelOpt, 1, 1e6f, {{1}}), 1e4f);
}

TEST(Smoothing, Statistics) {
  const float min[] = {-3, 1}, max[] = {2, 4};
  EXPECT_EQ(activationStatistic(SmoothingVariant::Mit, min, max), (std::vector<float>{3, 4}));
  EXPECT_EQ(activationStatistic(SmoothingVariant::LlmCompressor, min, max),
            (std::vector<float>{5, 3}));
}

TEST(Smoothing, Names) {
  EXPECT_EQ(parseSmoothingVariant("llm-compressor"), SmoothingVariant::LlmCompressor);
  EXPECT_EQ(parseSmoothingVariant("awq"), std::nullopt);
  EXPECT_EQ(defaultAlpha(SmoothingVariant::ModelOpt), 1);
  EXPECT_EQ(defaultAlpha(SmoothingVariant::Mit), 0.5);
}

TEST(Smoothing, HeadsOfAGroupShareTheGreatest) {
  // Four heads of two elements, two of which read one v.
  const float scales[] = {1, 8, 5, 2, 3, 3, 4, 1};
  const HeadGroups groups{2, 2};
  EXPECT_EQ(shareScales(scales, groups), (std::vector<float>{5, 8, 4, 3}));
  EXPECT_EQ(groups.indexOf(0), 0);
  EXPECT_EQ(groups.indexOf(3), 1);
  EXPECT_EQ(groups.indexOf(4), 2);
  EXPECT_EQ(groups.indexOf(7), 3);
}

} // namespace
