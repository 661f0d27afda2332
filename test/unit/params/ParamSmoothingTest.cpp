//===- ParamSmoothingTest.cpp - smoothed parameters, whole and in parts ---===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/artifact/ParamSmoothing.h"
#include <gtest/gtest.h>

using namespace qopt;

namespace {

std::vector<float> readAll(const ParamExpression &value) {
  return readF32(value, {0, value.rows(), 0, value.columns()});
}

ParamExpressionPtr matrix() { return makeNumbersParam({2, 4}, {1, -2, 3, 4, -5, 6, 7, -8}); }

TEST(ParamSmoothing, ColumnMaxima) {
  EXPECT_EQ(columnMaxima(*matrix()), (std::vector<float>{5, 6, 7, 8}));
}

TEST(ParamSmoothing, ScalesOfWeightsAndStatistics) {
  // sqrt(a) / sqrt(w): a = 20, 24, 63, 2 and w = 5, 6, 7, 8.
  ParamExpressionPtr scales = makeSmoothing(makeNumbersParam({4}, {20, 24, 63, 2}), {matrix()},
                                            SmoothingVariant::Mit, 0.5, {});
  EXPECT_EQ(scales->dtype(), DType::F32);
  EXPECT_EQ(readAll(*scales), (std::vector<float>{2, 2, 3, 0.5}));
  EXPECT_EQ(readF32(*scales, {2, 2, 0, 1}), (std::vector<float>{3, 0.5}));
}

TEST(ParamSmoothing, HeadsOfAGroupShareTheGreatestScale) {
  // Two heads of two elements that read one v.
  ParamExpressionPtr scales = makeSmoothing(makeNumbersParam({4}, {20, 24, 63, 2}), {matrix()},
                                            SmoothingVariant::Mit, 0.5, {2, 2});
  EXPECT_EQ(readAll(*scales), (std::vector<float>{3, 2}));
}

TEST(ParamSmoothing, ColumnsTimesScales) {
  ParamExpressionPtr scaled =
      makeScaled(matrix(), makeNumbersParam({4}, {1, 2, 3, 0.5}), {.columns = true});
  EXPECT_EQ(readAll(*scaled), (std::vector<float>{1, -4, 9, 2, -5, 12, 21, -4}));
  EXPECT_EQ(readF32(*scaled, {1, 1, 1, 2}), (std::vector<float>{12, 21}));
}

TEST(ParamSmoothing, ColumnsOfGroupedHeads) {
  ParamExpressionPtr scaled =
      makeScaled(matrix(), makeNumbersParam({2}, {2, 10}), {.columns = true, .groups = {2, 2}});
  EXPECT_EQ(readAll(*scaled), (std::vector<float>{2, -20, 6, 40, -10, 60, 14, -80}));
  EXPECT_EQ(readF32(*scaled, {0, 2, 3, 1}), (std::vector<float>{40, -80}));
}

TEST(ParamSmoothing, RowsDividedFromAnOffsetOn) {
  ParamExpressionPtr scaled =
      makeScaled(matrix(), makeNumbersParam({1}, {4}), {.inverse = true, .offset = 1});
  EXPECT_EQ(readAll(*scaled), (std::vector<float>{1, -2, 3, 4, -1.25, 1.5, 1.75, -2}));
  EXPECT_EQ(readF32(*scaled, {1, 1, 2, 2}), (std::vector<float>{1.75, -2}));
}

TEST(ParamSmoothing, VectorsAreRows) {
  ParamExpressionPtr scaled = makeScaled(makeNumbersParam({3}, {6, 8, 9}),
                                         makeNumbersParam({3}, {2, 4, 3}), {.inverse = true});
  EXPECT_EQ(readAll(*scaled), (std::vector<float>{3, 2, 3}));
}

} // namespace
