//===- StaticScaleTest.cpp - ranges of histograms made by hand ------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/calibration/StaticScale.h"
#include "test/unit/formats/TestSupport.h"
#include <cmath>
#include <random>

using namespace qopt;
using namespace qopt::test;

namespace {

/// An input of one channel with these counts of magnitudes up to 2048 (bins of width 1).
ProfiledInput makeInput(float absmax) {
  ProfiledInput input;
  input.weights = {"w"};
  input.channels = 1;
  input.histogramRange = 2048;
  input.histogram.resize(2048);
  input.absmax = input.max = {absmax};
  input.min = {0};
  return input;
}

float choose(const ProfiledInput &input, std::string_view range) {
  return chooseStaticAmax(input, parseRangeChoice(range), makeScheme(Storage::Int8));
}

TEST(StaticScale, MaxIsTheLargestMagnitude) {
  ProfiledInput input = makeInput(1999.5f);
  input.histogram[1999] = 1;
  EXPECT_EQ(choose(input, "max"), 1999.5f);
}

TEST(StaticScale, PercentileLeavesOutTheRest) {
  ProfiledInput input = makeInput(2000);
  input.histogram[9] = 90;
  input.histogram[19] = 9;
  input.histogram[1999] = 1;
  EXPECT_EQ(choose(input, "percentile:90"), 10);
  EXPECT_EQ(choose(input, "percentile:99"), 20);
  EXPECT_EQ(choose(input, "percentile:100"), 2000);
}

TEST(StaticScale, NothingIsChosenAboveTheMaximum) {
  ProfiledInput input = makeInput(1.25f);
  input.histogram[1] = 10;
  EXPECT_EQ(choose(input, "percentile:100"), 1.25f);
}

TEST(StaticScale, AllZeros) {
  EXPECT_EQ(choose(makeInput(0), "mse"), 0);
  EXPECT_EQ(choose(makeInput(0), "entropy"), 0);
}

/// Magnitudes of a Gaussian, and one far outlier.
ProfiledInput gaussianWithOutlier(int64_t outliers) {
  ProfiledInput input = makeInput(2000);
  for (int i = 0; i < 400; ++i)
    input.histogram[size_t(i)] = int64_t(1e6 * std::exp(-0.5 * i * i / 1e4));
  input.histogram[1999] = outliers;
  return input;
}

/// The mean squared error of rounding the bins' middles to int8 with this amax, in double.
double meanSquaredError(const ProfiledInput &input, double amax) {
  double sum = 0, count = 0;
  for (size_t i = 0; i < input.histogram.size(); ++i) {
    double x = double(i) + 0.5, scale = amax / 127;
    double code = std::min(std::nearbyint(x / scale), 127.0);
    sum += double(input.histogram[i]) * (x - code * scale) * (x - code * scale);
    count += double(input.histogram[i]);
  }
  return sum / count;
}

TEST(StaticScale, MseIsNearTheBestOfAllRanges) {
  ProfiledInput input = gaussianWithOutlier(1);
  float amax = choose(input, "mse");
  double best = INFINITY;
  for (int candidate = 1; candidate <= 2000; ++candidate)
    best = std::min(best, meanSquaredError(input, candidate));
  EXPECT_LT(amax, 1000);
  EXPECT_LT(meanSquaredError(input, amax), 1.05 * best);
}

TEST(StaticScale, MseKeepsOutliersThatAreMany) {
  EXPECT_GT(choose(gaussianWithOutlier(10'000'000), "mse"), 1900);
}

TEST(StaticScale, EntropyCutsATail) {
  float amax = choose(gaussianWithOutlier(1), "entropy");
  EXPECT_GT(amax, 200);
  EXPECT_LT(amax, 500);
}

TEST(StaticScale, EntropyIsForInt8) {
  EXPECT_EQ(errorOf([] {
              chooseStaticAmax(gaussianWithOutlier(1), parseRangeChoice("entropy"),
                               makeScheme(Storage::Fp8E4M3));
            }),
            "range=entropy is defined for int8, not for fp8_e4m3; max, percentile and mse are");
}

TEST(StaticScale, UnknownWords) {
  EXPECT_EQ(errorOf([] { parseRangeChoice("mean"); }),
            "unknown range='mean'; max, percentile, percentile:99.9, mse and entropy are known");
  EXPECT_EQ(errorOf([] { parseRangeChoice("percentile:101"); }),
            "range='percentile:101': a percentile is above 0 and at most 100, such as "
            "percentile:99.9");
}

} // namespace
