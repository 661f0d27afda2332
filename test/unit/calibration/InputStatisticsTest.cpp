//===- InputStatisticsTest.cpp - statistics of rows made by hand ----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/calibration/InputStatistics.h"
#include <gtest/gtest.h>
#include <limits>
#include <numeric>

using namespace qopt;

namespace {

/// Rows of two channels and a column of padding, which must not be read.
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

std::vector<float> toVector(std::span<const float> values) {
  return {values.begin(), values.end()};
}

TEST(InputStatistics, ExtremesOfChannels) {
  InputStatistics statistics(2, 3, 0);
  const float rows[] = {1, -2, nan, -3, -0.5f, nan, 2, -1, nan};
  statistics.add(rows, 3, 3);
  EXPECT_EQ(statistics.count(), 3);
  EXPECT_EQ(toVector(statistics.min()), (std::vector<float>{-3, -2}));
  EXPECT_EQ(toVector(statistics.max()), (std::vector<float>{2, -0.5f}));
}

TEST(InputStatistics, SampledRowsAreEvenlySpaced) {
  InputStatistics statistics(1, 10, 3);
  for (float value = 0; value < 10; ++value)
    statistics.add(&value, 1, 1);
  // The last of each third of ten rows: 10/3, 20/3 and 30/3 rounded up, less one.
  EXPECT_EQ(toVector(statistics.sample()), (std::vector<float>{3, 6, 9}));
  EXPECT_EQ(statistics.sampleCount(), 3);
}

TEST(InputStatistics, MoreSamplesThanRowsKeepsAll) {
  InputStatistics statistics(1, 2, 64);
  const float rows[] = {5, 6};
  statistics.add(rows, 2, 1);
  EXPECT_EQ(toVector(statistics.sample()), (std::vector<float>{5, 6}));
}

TEST(InputStatistics, RowsThatAreNotFiniteAreRemembered) {
  InputStatistics statistics(2, 4, 4);
  const float rows[] = {1, 1, std::numeric_limits<float>::infinity(), 0, nan, 0, 2, 2};
  statistics.add(rows, 4, 2);
  EXPECT_EQ(statistics.firstBadRow(), 1);
  EXPECT_EQ(statistics.count(), 2);
  EXPECT_EQ(toVector(statistics.max()), (std::vector<float>{2, 2}));
}

TEST(MagnitudeHistogram, RangeIsTheNextPowerOfTwo) {
  MagnitudeHistogram histogram;
  const float values[] = {0, 0.75f, -1.5f};
  histogram.add(values, 1.5f);
  EXPECT_EQ(histogram.range(), 2);
  EXPECT_EQ(histogram.counts()[0], 1);
  EXPECT_EQ(histogram.counts()[768], 1);  // 0.75 / 2 * 2048
  EXPECT_EQ(histogram.counts()[1536], 1); // 1.5 / 2 * 2048
}

TEST(MagnitudeHistogram, APowerOfTwoIsBelowTheEdge) {
  MagnitudeHistogram histogram;
  const float value = 4;
  histogram.add(std::span(&value, 1), value);
  EXPECT_EQ(histogram.range(), 8);
  EXPECT_EQ(histogram.counts()[1024], 1);
}

TEST(MagnitudeHistogram, CountsDoNotDependOnTheOrder) {
  std::vector<float> values;
  for (int i = 0; i < 5000; ++i)
    values.push_back(float((i * 7919) % 5000) * 0.013f);
  MagnitudeHistogram forwards, backwards;
  for (float value : values)
    forwards.add(std::span(&value, 1), value);
  backwards.add(values, *std::max_element(values.begin(), values.end()));
  EXPECT_EQ(forwards.range(), backwards.range());
  EXPECT_TRUE(
      std::equal(forwards.counts().begin(), forwards.counts().end(), backwards.counts().begin()));
  EXPECT_EQ(std::accumulate(forwards.counts().begin(), forwards.counts().end(), int64_t(0)), 5000);
}

} // namespace
