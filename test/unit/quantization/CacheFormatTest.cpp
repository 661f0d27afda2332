//===- CacheFormatTest.cpp - formats of caches, tables and rotation --------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/quantization/CacheFormat.h"
#include "runtime/formats/Error.h"
#include "runtime/quantization/Hadamard.h"
#include "runtime/quantization/LloydMax.h"
#include "gtest/gtest.h"
#include <cmath>
#include <functional>

using namespace qopt;

namespace {

std::string messageOf(const std::function<void()> &action) {
  try {
    action();
  } catch (const Error &error) {
    return error.what();
  }
  return "";
}

TEST(CacheFormatTest, TextIsReadAsItIsWritten) {
  for (const char *text :
       {"native", "f16", "bf16 hadamard=3", "int8", "int4 asymmetric group=32 hadamard=1", "int2",
        "fp8_e5m2 group=64", "uniform6 scales=8:9.094947017729282e-13:1.189207115002721",
        "lloyd_max3 hadamard=4294967295", "int8 static=0.03:-1.5",
        "int2 asymmetric channels group=32 residual=128", "int4 asymmetric residual=1",
        "int2 asymmetric search group=32",
        "int4 asymmetric channels progressive group=64 residual=64", "native before_rope",
        "int2 asymmetric channels group=32 residual=32 before_rope",
        "lloyd_max4 group=32 hadamard=1 before_rope"})
    EXPECT_EQ(toText(parseCacheFormat(text)), text);
}

TEST(CacheFormatTest, UnknownAndContraryWordsAreErrors) {
  const std::pair<const char *, const char *> cases[] = {
      {"int3", "unknown cache format 'int3'"},
      {"", "unknown cache format ''"},
      {"int8 big", "unknown word 'big'"},
      {"int8 group=0", "'group=0' is no size of a group"},
      {"int8 group=99999999999999999999", "is no size of a group"},
      {"f16 group=32", "f16 has no scales"},
      {"native hadamard=1", "native is not rotated"},
      {"fp8_e4m3 asymmetric", "only integers are asymmetric"},
      {"int8 scales=8:1:2", "for uniform and lloyd_max codes only"},
      {"uniform4 scales=9:1:2", "is no table of scales"},
      {"uniform4 scales=8:1", "has 2 numbers; 3 are needed"},
      {"uniform4 scales=8:nan:2", "'nan' is no number"},
      {"int8 static=0:0", "must be positive"},
      {"int4 static=1:0", "a static scale is that of int8"},
      {"int8 hadamard=-1", "no seed of 32 bits"},
      {"int8  asymmetric", "unknown word ''"},
      {"int4 residual=0", "is no size of a window"},
      {"int8 search", "ranges are searched for int4 and int2"},
      {"int4 asymmetric search channels group=32 residual=32", "with scales of a token"},
      {"int4 residual=32", "a window is that of asymmetric integers"},
      {"int4 asymmetric channels group=32", "a window holds the newest 1 to 128 tokens"},
      {"int4 asymmetric residual=129", "a window holds the newest 1 to 128 tokens"},
      {"int4 asymmetric channels residual=128", "groups of 0 tokens do not fit pages of 128"},
      {"int4 asymmetric channels group=48 residual=96", "groups of 48 tokens do not fit pages"},
      {"int4 asymmetric channels group=32 residual=48", "48 tokens is no whole groups of 32"},
      {"int4 asymmetric progressive group=64 residual=64",
       "progressive codes are codes by channel"},
      {"int8 static=1:0 before_rope", "a static scale is that of int8, without other words"}};
  for (auto [text, message] : cases)
    EXPECT_NE(messageOf([&] { parseCacheFormat(text); }).find(message), std::string::npos) << text;
}

TEST(CacheFormatTest, HeadsThatDoNotFitAreErrors) {
  auto message = [](const char *text, bool isKey, int64_t headDim) {
    return messageOf([&] { checkCacheFormat(parseCacheFormat(text), isKey, headDim); });
  };
  EXPECT_EQ(message("int4 group=24", true, 96),
            "groups of 24 keys do not fit int4 heads of 96 elements; 16, 32, 48, 96 do");
  EXPECT_EQ(message("lloyd_max4 group=16", false, 64),
            "groups of 16 values do not fit lloyd_max4 heads of 64 elements; 32, 64 do");
  EXPECT_EQ(message("lloyd_max3 group=16", false, 64), "");
  EXPECT_EQ(
      message("int4 hadamard=1", true, 80),
      "heads of 80 elements cannot be rotated: the Hadamard transform is of powers of two, and "
      "kernels have 16 to 256; without rotation, every format is possible");
  EXPECT_EQ(
      message("int2 asymmetric channels group=32 residual=32", true, 72),
      "keys of heads of 72 elements cannot be coded by channel: keys of a multiple of 16 can, and "
      "with progressive, values");
  EXPECT_NE(message("int2 asymmetric channels group=32 residual=32", false, 64), "");
  EXPECT_EQ(message("int2 asymmetric channels progressive group=32 residual=32", false, 80), "");
  EXPECT_EQ(
      message("int8 before_rope", false, 64),
      "values of heads of 64 elements cannot be stored before_rope: keys of an even number can");
  EXPECT_NE(message("int8 before_rope", true, 15), "");
  EXPECT_EQ(message("int4 asymmetric", true, 80), "");
  EXPECT_EQ(message("int4 group=20", false, 20), "");
}

TEST(CacheFormatTest, BytesOfAHead) {
  EXPECT_EQ(parseCacheFormat("f16").bytesPerHead(64), 128);
  EXPECT_EQ(parseCacheFormat("int8").bytesPerHead(64), 66);
  EXPECT_EQ(parseCacheFormat("int4 asymmetric group=32").bytesPerHead(64), 32 + 8);
  EXPECT_EQ(parseCacheFormat("uniform5 scales=8:1:2").bytesPerHead(64), 40 + 1);
  EXPECT_EQ(parseCacheFormat("lloyd_max3 hadamard=1").bytesPerHead(64), 24 + 2);
  EXPECT_EQ(parseCacheFormat("int8 static=1:0").bytesPerHead(64), 64);
  EXPECT_EQ(parseCacheFormat("int2 asymmetric channels group=32 residual=32").bytesPerHead(64),
            16 + 64 * 4 / 32);
  EXPECT_EQ(parseCacheFormat("int4 asymmetric channels progressive group=64 residual=64")
                .bytesPerHead(64),
            32 + 64 * 2 / 64. + 2 / 64.);
}

// Max 1960, table I, and TurboQuant's (arXiv 2504.19874).
TEST(LloydMaxTest, PointsArePublishedOnes) {
  const std::vector<std::vector<double>> published = {
      {0.7979},
      {0.4528, 1.510},
      {0.2451, 0.7560, 1.344, 2.152},
      {0.1284, 0.3881, 0.6568, 0.9424, 1.256, 1.618, 2.069, 2.733}};
  for (size_t bits = 1; bits <= published.size(); ++bits) {
    const std::vector<double> points = lloydMaxPoints(int64_t(bits));
    const std::vector<double> &half = published[bits - 1];
    ASSERT_EQ(points.size(), 2 * half.size());
    for (size_t i = 0; i < half.size(); ++i) {
      EXPECT_NEAR(points[half.size() + i], half[i], 5e-4);
      EXPECT_EQ(points[half.size() - 1 - i], -points[half.size() + i]);
    }
  }
}

// Points are the means of their cells, by numerical integration.
TEST(LloydMaxTest, ManyPointsAreMeansOfTheirCells) {
  for (int64_t bits : {6, 8}) {
    const std::vector<double> points = lloydMaxPoints(bits);
    for (size_t k = 1; k + 1 < points.size(); ++k) {
      const double low = (points[k - 1] + points[k]) / 2, high = (points[k] + points[k + 1]) / 2;
      double mass = 0, moment = 0;
      for (int i = 0; i < 2000; ++i) {
        const double x = low + (high - low) * (i + 0.5) / 2000;
        mass += std::exp(-x * x / 2);
        moment += x * std::exp(-x * x / 2);
      }
      ASSERT_NEAR(points[k], moment / mass, 1e-7) << bits << " bits, point " << k;
    }
  }
}

TEST(HadamardTest, RotationKeepsProductsAndComesBack) {
  const std::vector<float> signs = hadamardSigns(5, 64);
  EXPECT_NE(signs, hadamardSigns(6, 64));
  std::vector<float> x(64), y(64);
  for (size_t i = 0; i < 64; ++i) {
    x[i] = float(i % 7) - 3;
    y[i] = float(i % 5) * 0.5f;
  }
  const std::vector<float> original = x;
  double before = 0, after = 0;
  for (size_t i = 0; i < 64; ++i)
    before += double(x[i]) * y[i];
  rotate(x, signs);
  rotate(y, signs);
  for (size_t i = 0; i < 64; ++i)
    after += double(x[i]) * y[i];
  EXPECT_NEAR(after, before, 1e-4);
  rotateBack(x, signs);
  for (size_t i = 0; i < 64; ++i)
    EXPECT_NEAR(x[i], original[i], 1e-5);
}

} // namespace
