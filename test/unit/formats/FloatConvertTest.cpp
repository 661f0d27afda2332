//===- FloatConvertTest.cpp - f16 and bf16 conversion ---------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/FloatConvert.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <random>
#include <vector>

using namespace qopt;

/// The value of a 16-bit float by the definition of the format, in float64.
static double valueOf(uint16_t bits, int exponentBits, int mantissaBits) {
  int exponent = (bits >> mantissaBits) & ((1 << exponentBits) - 1);
  int mantissa = bits & ((1 << mantissaBits) - 1);
  int bias = (1 << (exponentBits - 1)) - 1;
  double magnitude;
  if (exponent == (1 << exponentBits) - 1)
    magnitude = mantissa ? NAN : INFINITY;
  else if (exponent == 0)
    magnitude = std::ldexp(mantissa, 1 - bias - mantissaBits);
  else
    magnitude = std::ldexp((1 << mantissaBits) + mantissa, exponent - bias - mantissaBits);
  return bits & 0x8000 ? -magnitude : magnitude;
}

TEST(FloatConvert, EveryF16CodeWidensExactlyAndComesBack) {
  for (uint32_t code = 0; code < 0x10000; ++code) {
    float value = f16ToF32(code);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(valueOf(code, 5, 10)));
      EXPECT_EQ(f32ToF16(value), code | 0x200) << code; // quiet, sign and payload kept
      continue;
    }
    ASSERT_EQ(double(value), valueOf(code, 5, 10)) << code;
    ASSERT_EQ(std::signbit(value), bool(code & 0x8000)) << code;
    ASSERT_EQ(f32ToF16(value), code);
  }
}

TEST(FloatConvert, EveryBf16CodeWidensExactlyAndComesBack) {
  for (uint32_t code = 0; code < 0x10000; ++code) {
    float value = bf16ToF32(code);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(valueOf(code, 8, 7)));
      EXPECT_EQ(f32ToBf16(value), code | 0x40) << code;
      continue;
    }
    ASSERT_EQ(double(value), valueOf(code, 8, 7)) << code;
    ASSERT_EQ(std::signbit(value), bool(code & 0x8000)) << code;
    ASSERT_EQ(f32ToBf16(value), code);
  }
}

/// Between any two neighbouring codes: the midpoint goes to the even one, its float neighbours to
/// the nearer one.
template <uint16_t (*Narrow)(float), float (*Widen)(uint16_t)>
static void checkTies(uint16_t infinity) {
  for (uint16_t code = 0; code + 1 < infinity; ++code) {
    double low = Widen(code), high = Widen(code + 1);
    float middle = float((low + high) / 2);
    // Bf16's smallest denormals have neighbours whose midpoint float32 still represents.
    ASSERT_EQ(double(middle), (low + high) / 2);
    uint16_t even = code % 2 == 0 ? code : code + 1;
    ASSERT_EQ(Narrow(middle), even) << code;
    ASSERT_EQ(Narrow(-middle), even | 0x8000) << code;
    ASSERT_EQ(Narrow(std::nextafter(middle, 0.0f)), code) << code;
    ASSERT_EQ(Narrow(std::nextafter(middle, INFINITY)), code + 1) << code;
  }
}

TEST(FloatConvert, F16RoundsToNearestEven) { checkTies<f32ToF16, f16ToF32>(0x7c00); }
TEST(FloatConvert, Bf16RoundsToNearestEven) { checkTies<f32ToBf16, bf16ToF32>(0x7f80); }

TEST(FloatConvert, HandWorkedF16) {
  EXPECT_EQ(f32ToF16(1.0f), 0x3c00);
  EXPECT_EQ(f32ToF16(1.0f + 0x1p-11f), 0x3c00); // tie, 1 is even
  EXPECT_EQ(f32ToF16(1.0f + 0x3p-11f), 0x3c02); // tie between 1 + 2^-10 and 1 + 2^-9
  EXPECT_EQ(f32ToF16(65504.0f), 0x7bff);        // largest
  EXPECT_EQ(f32ToF16(65519.996f), 0x7bff);
  EXPECT_EQ(f32ToF16(65520.0f), 0x7c00); // halfway to 2^16
  EXPECT_EQ(f32ToF16(1e30f), 0x7c00);
  EXPECT_EQ(f32ToF16(-INFINITY), 0xfc00);
  EXPECT_EQ(f32ToF16(0x1p-24f), 0x0001); // smallest denormal
  EXPECT_EQ(f32ToF16(0x1p-25f), 0x0000); // tie, 0 is even
  EXPECT_EQ(f32ToF16(0x1.000002p-25f), 0x0001);
  EXPECT_EQ(f32ToF16(0x3p-25f), 0x0002);     // tie, 2 is even
  EXPECT_EQ(f32ToF16(0x1.ff8p-15f), 0x03ff); // largest denormal
  EXPECT_EQ(f32ToF16(0x1.ffcp-15f), 0x0400); // tie up to the smallest normal
  EXPECT_EQ(f32ToF16(-0.0f), 0x8000);
  EXPECT_EQ(f32ToF16(1e-45f), 0x0000);
}

TEST(FloatConvert, HandWorkedBf16) {
  EXPECT_EQ(f32ToBf16(1.0f), 0x3f80);
  EXPECT_EQ(f32ToBf16(1.0f + 0x1p-8f), 0x3f80); // tie, 1 is even
  EXPECT_EQ(f32ToBf16(1.0f + 0x3p-8f), 0x3f82);
  EXPECT_EQ(f32ToBf16(std::numeric_limits<float>::max()), 0x7f80);
  EXPECT_EQ(f32ToBf16(-0.0f), 0x8000);
  // Truncating these NaNs would give an infinity, rounding them a zero.
  EXPECT_EQ(f32ToBf16(std::bit_cast<float>(0x7f800001u)), 0x7fc0);
  EXPECT_EQ(f32ToBf16(std::bit_cast<float>(0xffffffffu)), 0xffff);
  EXPECT_EQ(f32ToF16(std::bit_cast<float>(0x7f800001u)), 0x7e00);
  EXPECT_EQ(f32ToF16(std::bit_cast<float>(0xffffffffu)), 0xffff);
}

TEST(FloatConvert, BulkEqualsScalarAtAnyAlignment) {
  std::mt19937 random(1);
  std::vector<float> values(1027);
  for (float &value : values)
    value = std::bit_cast<float>(uint32_t(random()));
  values[0] = NAN;
  for (DType dtype : {DType::F32, DType::F16, DType::BF16}) {
    std::vector<std::byte> storage(values.size() * byteSize(dtype) + 1);
    std::span<std::byte> bytes = std::span(storage).subspan(1);
    convertFromF32(values, dtype, bytes);
    std::vector<float> back(values.size());
    convertToF32(dtype, bytes, back);
    for (size_t i = 0; i < values.size(); ++i) {
      float expected = dtype == DType::F32   ? values[i]
                       : dtype == DType::F16 ? f16ToF32(f32ToF16(values[i]))
                                             : bf16ToF32(f32ToBf16(values[i]));
      ASSERT_EQ(std::bit_cast<uint32_t>(back[i]), std::bit_cast<uint32_t>(expected)) << i;
    }
  }
  convertToF32(DType::BF16, {}, {});
  convertFromF32({}, DType::F32, {});
}
