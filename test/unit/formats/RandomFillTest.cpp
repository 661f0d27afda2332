//===- RandomFillTest.cpp - reproducible random weights -------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/RandomFill.h"

#include "runtime/formats/FloatConvert.h"
#include <cmath>
#include <gtest/gtest.h>
#include <vector>

using namespace qopt;

static std::vector<std::byte> filled(uint64_t key, uint64_t first, float sigma, DType dtype,
                                     size_t count) {
  std::vector<std::byte> bytes(count * byteSize(dtype));
  randomFill(key, first, sigma, dtype, bytes);
  return bytes;
}

static std::vector<float> values(uint64_t key, uint64_t first, float sigma, DType dtype,
                                 size_t count) {
  std::vector<float> result(count);
  convertToF32(dtype, filled(key, first, sigma, dtype, count), result);
  return result;
}

/// Worked out from the definition in the header with Python's integers.
TEST(RandomFill, HasTheDocumentedValues) {
  EXPECT_EQ(randomTensorKey(1, "model.embed_tokens.weight"), 0xa6a000491ae4ed9u);
  float scale = float(std::sqrt(3.0) * 0.02f / 65536);
  std::vector<float> expected, expectedFar;
  for (int lane : {-8917, -41001, -39859, 31663, 57863, 25805, 50791, -44577, 16037})
    expected.push_back(float(lane) * scale);
  for (int lane : {-23747, -2919, 36871})
    expectedFar.push_back(float(lane) * scale);
  EXPECT_EQ(values(42, 0, 0.02f, DType::F32, 9), expected);
  EXPECT_EQ(values(42, 1000000000000, 0.02f, DType::F32, 3), expectedFar);
}

TEST(RandomFill, RangesAgreeWithTheWhole) {
  for (DType dtype : {DType::F32, DType::F16, DType::BF16}) {
    std::vector<float> whole = values(7, 0, 1, dtype, 5000);
    for (uint64_t first : {1, 2, 3, 4, 5, 1023, 1025, 4997})
      for (size_t count : {0, 1, 2, 3, 5, 2500}) {
        if (first + count > whole.size())
          continue;
        std::vector<float> range = values(7, first, 1, dtype, count);
        EXPECT_TRUE(std::equal(range.begin(), range.end(), whole.begin() + first)) << first;
      }
  }
}

TEST(RandomFill, NarrowTypesRoundTheSameValues) {
  std::vector<float> exact = values(7, 0, 0.02f, DType::F32, 1000);
  std::vector<float> f16 = values(7, 0, 0.02f, DType::F16, 1000);
  std::vector<float> bf16 = values(7, 0, 0.02f, DType::BF16, 1000);
  for (size_t i = 0; i < exact.size(); ++i) {
    EXPECT_EQ(f16[i], f16ToF32(f32ToF16(exact[i])));
    EXPECT_EQ(bf16[i], bf16ToF32(f32ToBf16(exact[i])));
  }
}

TEST(RandomFill, HasTheMomentsOfAUniformDistribution) {
  constexpr size_t count = 1 << 20;
  double mean = 0, square = 0, neighbours = 0, previous = 0, largest = 0;
  for (float value : values(randomTensorKey(3, "x"), 0, 0.02f, DType::F32, count)) {
    double unit = value / 0.02;
    mean += unit / count;
    square += unit * unit / count;
    neighbours += unit * previous / count;
    largest = std::max(largest, std::abs(unit));
    previous = unit;
  }
  // Five standard errors, of about 1 / 1024 each.
  EXPECT_NEAR(mean, 0, 0.005);
  EXPECT_NEAR(square, 1, 0.005);
  EXPECT_NEAR(neighbours, 0, 0.005);
  EXPECT_LE(largest, std::sqrt(3.0));
  EXPECT_GT(largest, std::sqrt(3.0) * 0.999);
}

TEST(RandomFill, TensorsAndSeedsDiffer) {
  EXPECT_NE(randomTensorKey(1, "a"), randomTensorKey(1, "b"));
  EXPECT_NE(randomTensorKey(1, "a"), randomTensorKey(2, "a"));
  EXPECT_NE(values(randomTensorKey(1, "a"), 0, 1, DType::F32, 16),
            values(randomTensorKey(1, "b"), 0, 1, DType::F32, 16));
}
