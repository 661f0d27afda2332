//===- FloatConversionTest.cpp - every rounding of the narrow float formats -===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The expected codes come from the definition of the formats: all values of a format in float64,
// and for each number the nearest of them, of two equally near ones that with the even code.

#include "test/unit/emulator/KernelRun.h"

#include <bit>
#include <cmath>
#include <gtest/gtest.h>

using namespace qopt;
using namespace qopt::emulator;

namespace {

/// A format by its definition. `fn`: no infinity, and NaN only where all bits are set.
class Format {
public:
  Format(int exponentBits, int fractionBits, bool fn)
      : exponentBits(exponentBits), fractionBits(fractionBits), fn(fn) {
    for (uint32_t code = 0; isFinite(code); ++code)
      finite.push_back(value(code));
  }

  int bits() const { return 1 + exponentBits + fractionBits; }
  uint32_t sign() const { return 1u << (bits() - 1); }
  const std::vector<double> &magnitudes() const { return finite; }

  double value(uint32_t code) const {
    int field = int(code >> fractionBits) & ((1 << exponentBits) - 1);
    int fraction = int(code) & ((1 << fractionBits) - 1);
    int bias = (1 << (exponentBits - 1)) - 1;
    double magnitude =
        field == 0 ? std::ldexp(fraction, 1 - bias - fractionBits)
                   : std::ldexp((1 << fractionBits) + fraction, field - bias - fractionBits);
    return code & sign() ? -magnitude : magnitude;
  }
  bool isFinite(uint32_t code) const {
    uint32_t magnitude = code & (sign() - 1);
    if (fn)
      return magnitude != sign() - 1;
    return magnitude >> fractionBits != (1u << exponentBits) - 1;
  }
  uint32_t infinity() const { return uint32_t(finite.size()); }
  uint32_t nan() const { return sign() - 1; }

  /// The nearest code; what is half a step beyond the largest number, or more, overflows.
  uint32_t nearest(double x, bool saturates) const {
    if (std::isnan(x))
      return nan();
    uint32_t signBit = std::signbit(x) ? sign() : 0;
    x = std::fabs(x);
    auto above = std::lower_bound(finite.begin(), finite.end(), x);
    auto code = uint32_t(above - finite.begin());
    double step = finite.back() - finite[finite.size() - 2];
    if (above == finite.end()) {
      bool overflows = x - finite.back() >= step / 2;
      return signBit | (overflows && !saturates ? infinity() : uint32_t(finite.size()) - 1);
    }
    if (code > 0 && *above != x) {
      double down = x - finite[code - 1], up = *above - x;
      if (down < up || (down == up && (code - 1) % 2 == 0))
        --code;
    }
    return signBit | code;
  }

private:
  int exponentBits, fractionBits;
  bool fn;
  std::vector<double> finite; ///< magnitudes by code
};

const Format kF16(5, 10, false), kBf16(8, 7, false), kE4m3(4, 3, true), kE5m2(5, 2, false);

uint32_t bitsOf(float value) { return std::bit_cast<uint32_t>(value); }

/// Every value of the format, the points halfway between neighbours, the floats beside those, and
/// everything of both signs.
std::vector<uint32_t> interestingFloats(const Format &format) {
  std::vector<uint32_t> inputs = {0,
                                  bitsOf(INFINITY),
                                  bitsOf(NAN),
                                  1,
                                  bitsOf(1e-30f),
                                  bitsOf(3e38f),
                                  bitsOf(0x1.fffffep127f),
                                  0x7f800001,
                                  0x007fffff};
  const std::vector<double> &all = format.magnitudes();
  double step = all.back() - all[all.size() - 2];
  for (size_t i = 0; i < all.size(); ++i) {
    double next = i + 1 < all.size() ? all[i + 1] : all.back() + step;
    float middle = float((all[i] + next) / 2);
    for (float x : {float(all[i]), middle, std::nextafterf(middle, 0),
                    std::nextafterf(middle, INFINITY), std::nextafterf(float(all[i]), INFINITY)})
      inputs.push_back(bitsOf(x));
  }
  size_t count = inputs.size();
  for (size_t i = 0; i < count; ++i)
    inputs.push_back(inputs[i] | 0x80000000);
  return inputs;
}

/// Runs `body` once for each input in %r1, with %r2 the next input; %r0 is the result.
std::vector<uint32_t> convert(const std::string &body, const std::vector<uint32_t> &inputs) {
  KernelRun run(kernelText(R"(
  mov.u32 %r60, %ctaid.x; mov.u32 %r61, %tid.x; shl.b32 %r60, %r60, 8; add.u32 %r60, %r60, %r61;
  mul.wide.u32 %rd31, %r60, 4; add.s64 %rd1, %rd1, %rd31; add.s64 %rd0, %rd0, %rd31;
  ld.global.b32 %r1, [%rd1]; ld.global.b32 %r2, [%rd1+4];
)" + body + "\n  st.global.b32 [%rd0], %r0; ret;"));
  std::vector<uint32_t> padded = inputs;
  padded.resize((inputs.size() + 255) / 256 * 256 + 1);
  uint64_t to = run.upload(padded), from = run.upload(padded);
  run.launch("k", {uint32_t(padded.size() / 256), 1, 1}, {256, 1, 1}, {to, from, 0, 0});
  return run.download<uint32_t>(to, inputs.size());
}

double floatValue(uint32_t bits) { return std::bit_cast<float>(bits); }

void expectRounds(const std::string &body, const Format &format, bool saturates) {
  std::vector<uint32_t> inputs = interestingFloats(format);
  std::vector<uint32_t> codes = convert(body, inputs);
  for (size_t i = 0; i < inputs.size(); ++i)
    ASSERT_EQ(codes[i], format.nearest(floatValue(inputs[i]), saturates))
        << body << " of " << floatValue(inputs[i]);
}

/// Pairs: the first source goes to the upper half.
void expectRoundsPairs(const std::string &body, const Format &format, bool saturates) {
  std::vector<uint32_t> inputs = interestingFloats(format);
  inputs.push_back(0);
  std::vector<uint32_t> codes = convert(body, inputs);
  for (size_t i = 0; i + 1 < inputs.size(); ++i) {
    uint32_t high = format.nearest(floatValue(inputs[i]), saturates);
    uint32_t low = format.nearest(floatValue(inputs[i + 1]), saturates);
    ASSERT_EQ(codes[i], high << format.bits() | low) << body << " at " << i;
  }
}

} // namespace

TEST(FloatConversion, RoundsToNearest) {
  expectRounds("cvt.rn.f16.f32 %rs0, %r1; cvt.u32.u16 %r0, %rs0;", kF16, false);
  expectRounds("cvt.rn.bf16.f32 %rs0, %r1; cvt.u32.u16 %r0, %rs0;", kBf16, false);
  expectRounds("cvt.rn.satfinite.f16.f32 %rs0, %r1; cvt.u32.u16 %r0, %rs0;", kF16, true);
  expectRoundsPairs("cvt.rn.f16x2.f32 %r0, %r1, %r2;", kF16, false);
  expectRoundsPairs("cvt.rn.bf16x2.f32 %r0, %r1, %r2;", kBf16, false);
  expectRoundsPairs("cvt.rn.satfinite.e4m3x2.f32 %rs0, %r1, %r2; cvt.u32.u16 %r0, %rs0;", kE4m3,
                    true);
  expectRoundsPairs("cvt.rn.satfinite.e5m2x2.f32 %rs0, %r1, %r2; cvt.u32.u16 %r0, %rs0;", kE5m2,
                    true);
}

TEST(FloatConversion, WidensExactly) {
  for (const auto &[name, format] : {std::pair("f16", &kF16), std::pair("bf16", &kBf16)}) {
    std::vector<uint32_t> codes(65536);
    for (uint32_t code = 0; code < codes.size(); ++code)
      codes[code] = code;
    auto body = fmt::format("cvt.u16.u32 %rs0, %r1; cvt.f32.{} %r0, %rs0;", name);
    std::vector<uint32_t> results = convert(body, codes);
    for (uint32_t code : codes) {
      if (format->isFinite(code))
        ASSERT_EQ(results[code], bitsOf(float(format->value(code)))) << name << code;
      else if ((code & 0x7fff) == format->infinity())
        ASSERT_EQ(results[code], code & 0x8000 ? 0xff800000 : 0x7f800000);
      else
        ASSERT_EQ(results[code], 0x7fffffffu);
    }
  }
}

TEST(FloatConversion, EightBitFormatsToAndFromHalves) {
  for (const auto &[name, format] : {std::pair("e4m3x2", &kE4m3), std::pair("e5m2x2", &kE5m2)}) {
    std::vector<uint32_t> pairs(65536);
    for (uint32_t pair = 0; pair < pairs.size(); ++pair)
      pairs[pair] = pair;
    auto widen = fmt::format("cvt.u16.u32 %rs0, %r1; cvt.rn.f16x2.{} %r0, %rs0;", name);
    auto narrow = fmt::format("cvt.rn.satfinite.{}.f16x2 %rs0, %r1; cvt.u32.u16 %r0, %rs0;", name);
    std::vector<uint32_t> wide = convert(widen, pairs);
    auto halfOf = [&, format = format](uint32_t code) -> uint32_t {
      bool isInfinite = format == &kE5m2 && (code & 0x7f) == format->infinity();
      if (isInfinite)
        return code & 0x80 ? 0xfc00 : 0x7c00;
      return format->isFinite(code) ? kF16.nearest(format->value(code), false) : 0x7fff;
    };
    for (uint32_t pair : pairs)
      ASSERT_EQ(wide[pair], halfOf(pair >> 8) << 16 | halfOf(pair & 0xff)) << name << pair;
    // Every f16, rounded, in both halves.
    std::vector<uint32_t> twice = pairs;
    for (uint32_t &code : twice)
      code |= (code ^ 0x8000) << 16;
    std::vector<uint32_t> narrowed = convert(narrow, twice);
    for (uint32_t code : pairs) {
      bool isNan = (code & 0x7fff) > 0x7c00, isInfinite = (code & 0x7fff) == 0x7c00;
      double x = isNan ? NAN : (isInfinite ? INFINITY : kF16.value(code & 0x7fff));
      uint32_t magnitude = format->nearest(x, true), low = magnitude, high = magnitude;
      if (!isNan)
        (code & 0x8000 ? low : high) |= 0x80;
      ASSERT_EQ(narrowed[code], high << 8 | low) << name << code;
    }
  }
}

/// The other modes, by the neighbours of the number.
TEST(FloatConversion, DirectedRounding) {
  for (const auto &[name, format] : {std::pair("f16", &kF16), std::pair("bf16", &kBf16)}) {
    std::vector<uint32_t> inputs;
    for (uint32_t input : interestingFloats(*format))
      if (std::fabs(floatValue(input)) <= format->magnitudes().back())
        inputs.push_back(input);
    auto body = fmt::format("cvt.rz.{}.f32 %rs0, %r1; cvt.u32.u16 %r0, %rs0;", name);
    std::vector<uint32_t> codes = convert(body, inputs);
    for (size_t i = 0; i < inputs.size(); ++i) {
      double x = floatValue(inputs[i]), toward = format->value(codes[i]);
      ASSERT_LE(std::fabs(toward), std::fabs(x));
      uint32_t next = (codes[i] & 0x7fff) + 1;
      if (format->isFinite(next)) {
        ASSERT_GT(format->value(next), std::fabs(x));
      }
      ASSERT_EQ(std::signbit(toward), std::signbit(x));
    }
  }
  // Beyond the range, rz stops at the largest number.
  EXPECT_EQ(convert("cvt.rz.f16.f32 %rs0, %r1; cvt.u32.u16 %r0, %rs0;",
                    {bitsOf(1e9f), bitsOf(-1e9f), bitsOf(INFINITY)}),
            (std::vector<uint32_t>{0x7bff, 0xfbff, 0x7c00}));
}

TEST(FloatConversion, Tf32) {
  std::vector<uint32_t> inputs = {0x3f800fff, 0x3f801000, 0x3f801001, 0x3f803000, 0xbf801000};
  // To nearest, ties to even; and ties away from zero.
  EXPECT_EQ(convert("cvt.rn.tf32.f32 %r0, %r1;", inputs),
            (std::vector<uint32_t>{0x3f800000, 0x3f800000, 0x3f802000, 0x3f804000, 0xbf800000}));
  EXPECT_EQ(convert("cvt.rna.tf32.f32 %r0, %r1;", inputs),
            (std::vector<uint32_t>{0x3f800000, 0x3f802000, 0x3f802000, 0x3f804000, 0xbf802000}));
}

TEST(FloatConversion, ReluAndSaturation) {
  std::vector<uint32_t> inputs = {bitsOf(-1.5f), bitsOf(0.25f), bitsOf(7), bitsOf(NAN)};
  EXPECT_EQ(convert("cvt.rn.relu.bf16.f32 %rs0, %r1; cvt.u32.u16 %r0, %rs0;", inputs),
            (std::vector<uint32_t>{0, 0x3e80, 0x40e0, 0x7fff}));
  EXPECT_EQ(convert("cvt.sat.f32.f32 %r0, %r1;", inputs),
            (std::vector<uint32_t>{0, bitsOf(0.25f), bitsOf(1), 0}));
}

TEST(FloatConversion, Integers) {
  std::vector<uint32_t> inputs = {bitsOf(2.5f),   bitsOf(-2.5f), bitsOf(3.5f),  bitsOf(1e10f),
                                  bitsOf(-1e10f), bitsOf(NAN),   bitsOf(-0.75f)};
  EXPECT_EQ(
      convert("cvt.rni.s32.f32 %r0, %r1;", inputs),
      (std::vector<uint32_t>{2, uint32_t(-2), 4, INT32_MAX, uint32_t(INT32_MIN), 0, uint32_t(-1)}));
  EXPECT_EQ(convert("cvt.rzi.u32.f32 %r0, %r1;", inputs),
            (std::vector<uint32_t>{2, 0, 3, UINT32_MAX, 0, 0, 0}));
  EXPECT_EQ(convert("cvt.rmi.s8.f32 %r0, %r1;", inputs),
            (std::vector<uint32_t>{2, uint32_t(-3), 3, 127, uint32_t(-128), 0, uint32_t(-1)}));
  EXPECT_EQ(convert("cvt.rpi.f32.f32 %r0, %r1;", {bitsOf(2.25f), bitsOf(-2.25f)}),
            (std::vector<uint32_t>{bitsOf(3), bitsOf(-2)}));
  EXPECT_EQ(convert("cvt.rn.f32.u32 %r0, %r1;", {16777217, 0xffffffff}),
            (std::vector<uint32_t>{bitsOf(16777216), bitsOf(4294967296.0f)}));
  EXPECT_EQ(convert("cvt.rz.f32.s32 %r0, %r1;", {16777219, uint32_t(-16777219)}),
            (std::vector<uint32_t>{bitsOf(16777218), bitsOf(-16777218)}));
  EXPECT_EQ(convert("cvt.rn.f16.s32 %rs0, %r1; cvt.u32.u16 %r0, %rs0;", {2049, 2051, 65519, 65520}),
            (std::vector<uint32_t>{0x6800, 0x6802, 0x7bff, 0x7c00}));
  EXPECT_EQ(convert("cvt.s8.s32 %rs0, %r1; cvt.s32.s16 %r0, %rs0;", {0x1ff, 0x17f}),
            (std::vector<uint32_t>{uint32_t(-1), 127}));
  EXPECT_EQ(convert("cvt.sat.s8.s32 %r0, %r1;", {300, uint32_t(-300), 5}),
            (std::vector<uint32_t>{127, uint32_t(-128), 5}));
  EXPECT_EQ(convert("cvt.sat.u16.s32 %r0, %r1;", {70000, uint32_t(-3)}),
            (std::vector<uint32_t>{65535, 0}));
  EXPECT_EQ(convert("cvt.pack.sat.s8.s32.b32 %r0, %r1, %r2, 0x1234;", {300, uint32_t(-2), 0}),
            (std::vector<uint32_t>{0x12347ffe, 0x1234fe00, 0x12340000}));
}
