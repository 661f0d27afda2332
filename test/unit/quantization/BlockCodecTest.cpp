//===- BlockCodecTest.cpp - codes and scales against hand-worked vectors --===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/quantization/BlockCodec.h"
#include "runtime/formats/Error.h"
#include "runtime/quantization/MiniFloat.h"
#include <cmath>
#include <gtest/gtest.h>
#include <vector>

using namespace qopt;

namespace {

struct Coded {
  BlockParameters parameters;
  std::vector<int> codes;
  std::vector<float> values;
};

Coded code(const Scheme &scheme, const std::vector<float> &values) {
  size_t bad;
  Coded result;
  result.parameters = chooseParameters(scheme, rangeOf(values, bad));
  EXPECT_EQ(bad, values.size());
  std::vector<uint8_t> codes(values.size());
  encode(scheme, result.parameters, values, codes);
  result.values.resize(values.size());
  decode(scheme, result.parameters, codes, result.values);
  for (uint8_t c : codes)
    result.codes.push_back(scheme.isInteger() && scheme.minCode < 0 ? int8_t(c) : c);
  return result;
}

/// Every value of an 8-bit float format by its definition, in double.
double definedValue(unsigned bits, unsigned mantissaBits, int bias, unsigned code) {
  unsigned mantissa = code & ((1u << mantissaBits) - 1);
  int exponent = int((code >> mantissaBits) & ((1u << (bits - 1 - mantissaBits)) - 1));
  double fraction = double(mantissa) / double(1u << mantissaBits);
  double value =
      exponent == 0 ? std::ldexp(fraction, 1 - bias) : std::ldexp(1 + fraction, exponent - bias);
  return (code >> (bits - 1)) & 1 ? -value : value;
}

/// Checks decode against the definition, and encode at every code, every midpoint (ties to even),
/// and the nearest floats around each midpoint.
template <typename Format>
void checkExhaustively(unsigned bits, unsigned mantissaBits, int bias, unsigned maxCode) {
  for (unsigned c = 0; c <= maxCode; ++c) {
    double value = definedValue(bits, mantissaBits, bias, c);
    ASSERT_EQ(double(Format::decode(uint8_t(c))), value) << c;
    ASSERT_EQ(Format::encode(float(value)), c);
    unsigned sign = 1u << (bits - 1);
    ASSERT_EQ(Format::encode(-float(value)), c | sign);
    ASSERT_EQ(double(Format::decode(uint8_t(c | sign))), -value);
    if (c == maxCode)
      break;
    double next = definedValue(bits, mantissaBits, bias, c + 1);
    float middle = float((value + next) / 2);
    ASSERT_EQ(double(middle), (value + next) / 2);
    ASSERT_EQ(Format::encode(middle), c % 2 == 0 ? c : c + 1) << middle;
    ASSERT_EQ(Format::encode(std::nextafter(middle, 0.0f)), c);
    ASSERT_EQ(Format::encode(std::nextafter(middle, 1e30f)), c + 1);
  }
  for (float large : {1e6f, 1e30f, INFINITY}) {
    EXPECT_EQ(Format::encode(large), maxCode);
    EXPECT_EQ(Format::encode(-large), maxCode | (1u << (bits - 1)));
  }
}

TEST(MiniFloat, E4M3) {
  checkExhaustively<Fp8E4M3>(8, 3, 7, 0x7e);
  EXPECT_EQ(Fp8E4M3::decode(0x7e), 448);
  EXPECT_EQ(Fp8E4M3::encode(NAN) & 0x7f, 0x7f);
}
TEST(MiniFloat, E5M2) {
  checkExhaustively<Fp8E5M2>(8, 2, 15, 0x7b);
  EXPECT_EQ(Fp8E5M2::decode(0x7b), 57344);
}
TEST(MiniFloat, E2M1) {
  checkExhaustively<Fp4E2M1>(4, 1, 1, 0x7);
  EXPECT_EQ(Fp4E2M1::decode(0x7), 6);
}
TEST(MiniFloat, E8M0) {
  EXPECT_EQ(encodeE8M0(1.0f), 127);
  EXPECT_EQ(encodeE8M0(1.99f), 127);
  EXPECT_EQ(decodeE8M0(126), 0.5f);
  EXPECT_EQ(decodeE8M0(0), std::ldexp(1.0f, -127));
}

// amax 127 makes the scale 1: codes are the rounded values, ties visible.
TEST(BlockCodec, DefaultRoundsTiesToEven) {
  Coded c = code(makeScheme(Storage::Int8), {127, 0.5f, 1.5f, 2.5f, -0.5f, -1.5f, -127, 0});
  EXPECT_EQ(c.parameters.scale, 1);
  EXPECT_EQ(c.codes, (std::vector<int>{127, 0, 2, 2, 0, -2, -127, 0}));
}

TEST(BlockCodec, GgmlRoundsTiesAway) {
  Coded c = code(makeScheme(Storage::Int8, false, Preset::Ggml),
                 {127, 0.5f, 1.5f, 2.5f, -0.5f, -1.5f, -127, 0.49999997f});
  EXPECT_EQ(c.codes, (std::vector<int>{127, 1, 2, 3, -1, -2, -127, 0}));
}

// ggml computes codes with the f32 scale, then stores it as f16: 1/127 is 0.0078740157; the nearest
// f16 is 0.00787353515625 (0x2008).
TEST(BlockCodec, GgmlStoresHalfScales) {
  Coded c = code(makeScheme(Storage::Int8, false, Preset::Ggml), {1, -0.25f});
  EXPECT_EQ(c.parameters.scale, 0.00787353515625f);
  EXPECT_EQ(c.codes, (std::vector<int>{127, -32}));
  EXPECT_EQ(c.values[0], 127 * 0.00787353515625f);
}

// torchao: scale = amax / 127.5, codes in [-128, 127]: 127.5 rounds to 128, which only the negative
// side has.
TEST(BlockCodec, TorchaoUsesTheWideRange) {
  Coded c = code(makeScheme(Storage::Int8, false, Preset::Torchao), {127.5f, -127.5f, 64});
  EXPECT_EQ(c.parameters.scale, 1);
  EXPECT_EQ(c.codes, (std::vector<int>{127, -128, 64}));
}

// torchao asymmetric: range [-1, 3] -> scale 4/255, zero = -128 - round(-1 / scale) = -128 + 64.
TEST(BlockCodec, TorchaoIntegerZero) {
  Coded c = code(makeScheme(Storage::Int8, true, Preset::Torchao), {-1, 3, 0});
  EXPECT_EQ(c.parameters.scale, 4 / 255.0f);
  EXPECT_EQ(c.parameters.zero, -64);
  EXPECT_EQ(c.codes, (std::vector<int>{-128, 127, -64}));
  EXPECT_EQ(c.values[2], 0);
}

TEST(BlockCodec, AsymmetricInt4KeepsTheMinimum) {
  // range [2, 32]: scale 2, codes (x - 2) / 2; 17 -> 7.5 -> 8 (ties to even).
  Coded c = code(makeScheme(Storage::Int4, true), {2, 32, 17, 4, 3});
  EXPECT_EQ(c.parameters.scale, 2);
  EXPECT_EQ(c.parameters.zero, 2);
  EXPECT_EQ(c.codes, (std::vector<int>{0, 15, 8, 1, 0}));
  EXPECT_EQ(c.values, (std::vector<float>{2, 32, 18, 4, 2}));
}

TEST(BlockCodec, SymmetricInt4IsNarrow) {
  Coded c = code(makeScheme(Storage::Int4), {-7, 7, 3.5f, 2.5f});
  EXPECT_EQ(c.codes, (std::vector<int>{-7, 7, 4, 2}));
}

// study: round(x / amax * 127) * (amax / 127).
TEST(BlockCodec, Study) {
  Coded c = code(makeScheme(Storage::Int8, false, Preset::Study), {0.3f, -0.1f, 0.05f});
  for (size_t i = 0; i < 3; ++i) {
    float x = std::vector<float>{0.3f, -0.1f, 0.05f}[i];
    EXPECT_EQ(c.values[i], std::nearbyint(x / 0.3f * 127.0f) * (0.3f / 127.0f));
  }
  EXPECT_EQ(c.codes, (std::vector<int>{127, -42, 21}));
}

TEST(BlockCodec, Fp8) {
  // amax 896 -> scale 2: 896 -> 448; 17 -> 8.5 -> 8 (tie of 8 and 9 to the even code); 1 -> 0.5.
  Coded c = code(makeScheme(Storage::Fp8E4M3), {896, 17, 1, -3});
  EXPECT_EQ(c.parameters.scale, 2);
  EXPECT_EQ(c.values, (std::vector<float>{896, 16, 1, -3}));
}

TEST(BlockCodec, MxFp4ScalesArePowersOfTwo) {
  Scheme scheme = makeScheme(Storage::Fp4E2M1);
  scheme.scaleType = ScaleType::E8M0;
  // amax 7: floor(log2 7) - 2 = 0, so the scale is 1 and 7 saturates to 6.
  Coded c = code(scheme, {7, 2.5f, -0.25f, 5});
  EXPECT_EQ(c.parameters.scale, 1);
  EXPECT_EQ(c.values, (std::vector<float>{6, 2, -0.0f, 4}));
}

TEST(BlockCodec, NvFp4ScalesAreTwoLevels) {
  Scheme scheme = makeScheme(Storage::Fp4E2M1);
  scheme.scaleType = ScaleType::E4M3;
  // tensor amax 2688 = 6 * 448: tensor scale 1; block amax 51 -> 8.5 -> e4m3 8 (tie to even).
  EXPECT_EQ(chooseParameters(scheme, {-51, 3}, 1).scale, 8);
}

TEST(BlockCodec, ZeroBlocksAreExact) {
  for (Preset preset : {Preset::Default, Preset::Torchao, Preset::Modelopt, Preset::Study})
    for (Storage storage :
         {Storage::Int8, Storage::Int4, Storage::Fp8E4M3, Storage::Fp8E5M2, Storage::Fp4E2M1}) {
      Coded c = code(makeScheme(storage, false, preset), {0, 0, -0.0f, 0});
      for (float value : c.values)
        EXPECT_EQ(value, 0) << name(storage);
    }
  Coded constant = code(makeScheme(Storage::Int4, true), {3, 3, 3});
  EXPECT_EQ(constant.values, (std::vector<float>{3, 3, 3}));
}

TEST(BlockCodec, ExtremesStayFinite) {
  for (float large : {1e-45f, 1e-38f, 1e38f, 3e38f})
    for (Preset preset : {Preset::Default, Preset::Torchao, Preset::Modelopt, Preset::Study}) {
      Coded c = code(makeScheme(Storage::Int8, false, preset), {large, -large, large / 2});
      for (float value : c.values)
        EXPECT_TRUE(std::isfinite(value)) << large;
    }
}

TEST(BlockCodec, FindsNonFiniteValues) {
  size_t bad;
  rangeOf(std::vector<float>{1, 2, NAN, INFINITY}, bad);
  EXPECT_EQ(bad, 2u);
}

TEST(Scheme, GroupThatDoesNotDivideSaysWhatWould) {
  Scheme scheme = makeScheme(Storage::Int8);
  scheme.granularity = Granularity::Group;
  scheme.blockColumns = 128;
  try {
    blockShape(scheme, 64, 96, "model.layers.3.mlp.down_proj.weight");
    FAIL();
  } catch (const Error &error) {
    EXPECT_STREQ(error.what(), "group size 128 does not divide columns 96 of "
                               "'model.layers.3.mlp.down_proj.weight' [64, 96]; 16, 32 would");
  }
}

TEST(Scheme, RefusesWhatHasNoDefinition) {
  EXPECT_THROW(makeScheme(Storage::Fp8E4M3, true), Error);
  EXPECT_THROW(makeScheme(Storage::Fp8E4M3, false, Preset::Ggml), Error);
}

} // namespace
