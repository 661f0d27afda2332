//===- ArithmeticTest.cpp - what single instructions compute --------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/unit/emulator/KernelRun.h"

#include <bit>
#include <cmath>
#include <gtest/gtest.h>
#include <random>

using namespace qopt;
using namespace qopt::emulator;

namespace {

uint32_t bitsOf(float value) { return std::bit_cast<uint32_t>(value); }
float floatOf(uint32_t bits) { return std::bit_cast<float>(bits); }

/// One lane: the result in %r0 for words in %r1 to %r3.
uint32_t one(const std::string &body, uint32_t a = 0, uint32_t b = 0, uint32_t c = 0) {
  auto all = [](uint32_t x) { return std::vector<uint32_t>(32, x); };
  return runLanes(body, {all(a), all(b), all(c)})[17];
}
float oneFloat(const std::string &body, float a, float b = 0, float c = 0) {
  return floatOf(one(body, bitsOf(a), bitsOf(b), bitsOf(c)));
}
/// The low or high word of a 64-bit result in %rd5 of 64-bit values %rd6 and %rd7.
uint64_t one64(const std::string &body, uint64_t a, uint64_t b = 0) {
  std::string load = fmt::format("mov.b64 %rd6, {}; mov.b64 %rd7, {};\n", a, b) + body;
  return uint64_t(one(load + "shr.u64 %rd5, %rd5, 32; cvt.u32.u64 %r0, %rd5;")) << 32 |
         one(load + "cvt.u32.u64 %r0, %rd5;");
}

} // namespace

TEST(Arithmetic, Integers) {
  EXPECT_EQ(one("add.s32 %r0, %r1, %r2;", 0xffffffff, 2), 1u);
  EXPECT_EQ(one("add.sat.s32 %r0, %r1, %r2;", INT32_MAX, 2), uint32_t(INT32_MAX));
  EXPECT_EQ(one("sub.u32 %r0, %r1, %r2;", 1, 2), 0xffffffff);
  EXPECT_EQ(one("mul.lo.u32 %r0, %r1, %r2;", 0x10001, 0x10001), 0x20001u);
  EXPECT_EQ(one("mul.hi.u32 %r0, %r1, %r2;", 0xffffffff, 0xffffffff), 0xfffffffeu);
  EXPECT_EQ(one("mul.hi.s32 %r0, %r1, %r2;", 0xffffffff, 2), 0xffffffffu);
  EXPECT_EQ(one("mad.lo.s32 %r0, %r1, %r2, %r3;", uint32_t(-3), 5, 1), uint32_t(-14));
  EXPECT_EQ(one("mul24.lo.s32 %r0, %r1, %r2;", 0x00ffffff, 3), uint32_t(-3));
  EXPECT_EQ(one64("mul.wide.u32 %rd5, 0xffffffff, 0xffffffff;", 0), 0xfffffffe00000001u);
  EXPECT_EQ(one64("mul.wide.s32 %rd5, -1, 7;", 0), uint64_t(-7));
  EXPECT_EQ(one64("mad.wide.u32 %rd5, 3, 4, %rd6;", uint64_t(1) << 40), (uint64_t(1) << 40) + 12);
  EXPECT_EQ(one64("mul.hi.u64 %rd5, %rd6, %rd7;", ~uint64_t(0), ~uint64_t(0)), ~uint64_t(1));
  EXPECT_EQ(one64("mad.lo.s64 %rd5, %rd6, %rd7, %rd6;", 5, uint64_t(-3)), uint64_t(-10));
}

TEST(Arithmetic, ShortIntegers) {
  std::string load = "cvt.u16.u32 %rs1, %r1; cvt.u16.u32 %rs2, %r2;\n";
  EXPECT_EQ(one(load + "mul.wide.s16 %r0, %rs1, %rs2;", 0xffff, 3), uint32_t(-3));
  EXPECT_EQ(one(load + "mul.lo.s16 %rs1, %rs1, %rs2; cvt.u32.u16 %r0, %rs1;", 0x1234, 0x1234),
            uint32_t(uint16_t(0x1234 * 0x1234)));
  EXPECT_EQ(one(load + "shr.s16 %rs1, %rs1, 4; cvt.u32.u16 %r0, %rs1;", 0x8000), 0xf800u);
  EXPECT_EQ(one(load + "neg.s16 %rs1, %rs1; cvt.u32.u16 %r0, %rs1;", 1), 0xffffu);
}

TEST(Arithmetic, Division) {
  EXPECT_EQ(one("div.s32 %r0, %r1, %r2;", uint32_t(-7), 2), uint32_t(-3));
  EXPECT_EQ(one("rem.s32 %r0, %r1, %r2;", uint32_t(-7), 2), uint32_t(-1));
  EXPECT_EQ(one("div.u32 %r0, %r1, %r2;", 0xfffffff9, 2), 0x7ffffffcu);
  EXPECT_EQ(one("div.s32 %r0, %r1, %r2;", 0x80000000, uint32_t(-1)), 0x80000000u);
  EXPECT_EQ(one("rem.s32 %r0, %r1, %r2;", 0x80000000, uint32_t(-1)), 0u);
  EXPECT_EQ(one("div.u32 %r0, %r1, %r2;", 5, 0), 0xffffffffu);
}

TEST(Arithmetic, Carries) {
  // 128-bit sums and products of 64 bits, in words.
  EXPECT_EQ(one("add.cc.u32 %r4, %r1, %r2; addc.u32 %r0, 0, 0;", 0xffffffff, 1), 1u);
  EXPECT_EQ(one("sub.cc.u32 %r4, %r1, %r2; subc.u32 %r0, 10, 0;", 1, 2), 9u);
  EXPECT_EQ(one("mad.lo.cc.u32 %r4, %r1, %r2, %r3; madc.hi.u32 %r0, %r1, %r2, 0;", 0xffffffff,
                0xffffffff, 0xffffffff),
            0xffffffffu);
}

TEST(Arithmetic, Bits) {
  EXPECT_EQ(one("lop3.b32 %r0, %r1, %r2, %r3, 0x96;", 0xf0, 0xcc, 0xaa), 0x96u);
  EXPECT_EQ(one("shl.b32 %r0, %r1, %r2;", 1, 32), 0u);
  EXPECT_EQ(one("shr.u32 %r0, %r1, %r2;", 0x80000000, 33), 0u);
  EXPECT_EQ(one("shr.s32 %r0, %r1, %r2;", 0x80000000, 33), 0xffffffffu);
  EXPECT_EQ(one("shf.l.wrap.b32 %r0, %r1, %r2, %r3;", 0x80000001, 0x12345678, 36), 0x23456788u);
  EXPECT_EQ(one("shf.r.clamp.b32 %r0, %r1, %r2, %r3;", 1, 0xabcd, 40), 0xabcdu);
  EXPECT_EQ(one("prmt.b32 %r0, %r1, %r2, 0x7610;", 0x33221100, 0x77665544), 0x77661100u);
  EXPECT_EQ(one("prmt.b32 %r0, %r1, 0, 0x9991U;", 0x0000f000), 0xfffffff0u);
  EXPECT_EQ(one("prmt.b32.rc16 %r0, %r1, 0, 1;", 0x12345678), 0x12341234u);
  EXPECT_EQ(one("bfe.u32 %r0, %r1, 4, 8;", 0xabcdef12), 0xf1u);
  EXPECT_EQ(one("bfe.s32 %r0, %r1, 4, 8;", 0xabcdef12), 0xfffffff1u);
  EXPECT_EQ(one("bfe.s32 %r0, %r1, 28, 8;", 0xabcdef12), 0xfffffffau);
  EXPECT_EQ(one("bfe.u32 %r0, %r1, 40, 8;", 0xabcdef12), 0u);
  EXPECT_EQ(one("bfi.b32 %r0, %r1, %r2, 8, 4;", 0xabc, 0xffff0000), 0xffff0c00u);
  EXPECT_EQ(one("popc.b32 %r0, %r1;", 0xf0f0), 8u);
  EXPECT_EQ(one("clz.b32 %r0, %r1;", 0x00ffffff), 8u);
  EXPECT_EQ(one("brev.b32 %r0, %r1;", 0x1), 0x80000000u);
  EXPECT_EQ(one("bfind.u32 %r0, %r1;", 0x00800000), 23u);
  EXPECT_EQ(one("bfind.s32 %r0, %r1;", 0xffffffff), 0xffffffffu);
  EXPECT_EQ(one("not.b32 %r0, %r1;", 5), ~5u);
  EXPECT_EQ(one("dp4a.s32.s32 %r0, %r1, %r2, %r3;", 0xff02807f, 0x017f02ff, 10),
            uint32_t(-1 + 2 * 127 - 256 - 127 + 10));
  EXPECT_EQ(one("dp4a.u32.s32 %r0, %r1, %r2, %r3;", 0x000000ff, 0x000000ff, 0), uint32_t(-255));
}

TEST(Arithmetic, Predicates) {
  EXPECT_EQ(one("setp.lt.s32 %p0, %r1, %r2; selp.b32 %r0, 7, 9, %p0;", uint32_t(-1), 0), 7u);
  EXPECT_EQ(one("setp.lo.u32 %p0, %r1, %r2; selp.b32 %r0, 7, 9, %p0;", uint32_t(-1), 0), 9u);
  EXPECT_EQ(one("setp.eq.u32 %p0, %r1, 3; setp.eq.u32 %p1, %r2, 4; xor.pred %p2, %p0, %p1;\n"
                "not.pred %p3, %p2; selp.b32 %r0, 7, 9, %p3;",
                3, 4),
            7u);
  EXPECT_EQ(one("mov.pred %p0, -1; mov.pred %p1, 0; and.pred %p0, %p0, %p1;\n"
                "selp.b32 %r0, 7, 9, %p0;"),
            9u);
}

TEST(Arithmetic, Comparisons) {
  auto compare = [](const std::string &comparison, float a, float b) {
    return one("setp." + comparison + ".f32 %p0, %r1, %r2; selp.u32 %r0, 1, 0, %p0;", bitsOf(a),
               bitsOf(b));
  };
  // Ordered comparisons fail with a NaN, unordered ones hold.
  for (const char *name : {"eq", "ne", "lt", "le", "gt", "ge"}) {
    EXPECT_EQ(compare(name, NAN, 1), 0u) << name;
    EXPECT_EQ(compare(std::string(name) + "u", NAN, 1), 1u) << name;
  }
  EXPECT_EQ(compare("num", 1, 2), 1u);
  EXPECT_EQ(compare("nan", 1, NAN), 1u);
  EXPECT_EQ(compare("ge", 2, 2), 1u);
  EXPECT_EQ(compare("neu", 2, 2), 0u);
  std::string combined = "setp.ne.u32 %p2, %r3, 0; setp.lt.and.u32 %p0|%p1, %r1, %r2, !%p2;\n"
                         "selp.u32 %r4, 1, 0, %p0; selp.u32 %r5, 2, 0, %p1; or.b32 %r0, %r4, %r5;";
  EXPECT_EQ(one(combined, 1, 2, 0), 1u);
  EXPECT_EQ(one(combined, 2, 1, 0), 2u);
  EXPECT_EQ(one(combined, 1, 2, 1), 0u);
  EXPECT_EQ(one("set.gt.u32.f32 %r0, %r1, %r2;", bitsOf(2), bitsOf(1)), 0xffffffffu);
  EXPECT_EQ(one("testp.subnormal.f32 %p0, %r1; selp.u32 %r0, 1, 0, %p0;", 1), 1u);
}

TEST(Arithmetic, Floats) {
  EXPECT_EQ(oneFloat("fma.rn.f32 %r0, %r1, %r2, %r3;", 1 + 0x1p-23f, 1 - 0x1p-23f, -1), -0x1p-46f);
  // One third in the four modes.
  EXPECT_EQ(one("div.rn.f32 %r0, %r1, %r2;", bitsOf(1), bitsOf(3)), 0x3eaaaaabu);
  EXPECT_EQ(one("div.rz.f32 %r0, %r1, %r2;", bitsOf(1), bitsOf(3)), 0x3eaaaaaau);
  EXPECT_EQ(one("div.rm.f32 %r0, %r1, %r2;", bitsOf(-1), bitsOf(3)), 0xbeaaaaabu);
  EXPECT_EQ(one("div.rp.f32 %r0, %r1, %r2;", bitsOf(1), bitsOf(3)), 0x3eaaaaabu);
  EXPECT_EQ(one("fma.rm.f32 %r0, %r1, %r2, %r3;", bitsOf(1), bitsOf(0x1p-30f), bitsOf(-1)),
            bitsOf(-1));
  EXPECT_EQ(one("fma.rp.f32 %r0, %r1, %r2, %r3;", bitsOf(1), bitsOf(0x1p-30f), bitsOf(-1)),
            bitsOf(-1 + 0x1p-24f));
  EXPECT_EQ(one("add.ftz.f32 %r0, %r1, %r2;", 1, 0), 0u);
  EXPECT_EQ(one("add.f32 %r0, %r1, %r2;", 1, 0), 1u);
  EXPECT_EQ(oneFloat("add.sat.f32 %r0, %r1, %r2;", 0.75f, 0.5f), 1);
  EXPECT_EQ(one("add.f32 %r0, %r1, %r2;", bitsOf(INFINITY), bitsOf(-INFINITY)), 0x7fffffffu);
  EXPECT_EQ(oneFloat("min.f32 %r0, %r1, %r2;", NAN, 3), 3);
  EXPECT_EQ(one("min.NaN.f32 %r0, %r1, %r2;", bitsOf(NAN), bitsOf(3)), 0x7fffffffu);
  EXPECT_EQ(one("min.f32 %r0, %r1, %r2;", 0, 0x80000000), 0x80000000u);
  EXPECT_EQ(one("max.f32 %r0, %r1, %r2;", 0x80000000, 0), 0u);
  EXPECT_EQ(oneFloat("copysign.f32 %r0, %r1, %r2;", -1, 5), -5);
  EXPECT_EQ(oneFloat("sqrt.rn.f32 %r0, %r1;", 2), std::sqrt(2.0f));
  EXPECT_EQ(oneFloat("mov.b64 %rd5, 0d3FF8000000000000; cvt.f64.f32 %rd6, %r1;\n"
                     "fma.rn.f64 %rd5, %rd5, %rd6, %rd6; cvt.rn.f32.f64 %r0, %rd5;",
                     2),
            5);
  EXPECT_EQ(oneFloat("add.f32 %r0, %r1, 1.5;", 2), 3.5f);
}

TEST(Arithmetic, Approximations) {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> wide(-80, 80), positive(1e-3f, 1e3f);
  std::vector<uint32_t> x(32), y(32);
  for (size_t i = 0; i < 32; ++i) {
    x[i] = bitsOf(wide(random));
    y[i] = bitsOf(positive(random));
  }
  auto expectNear = [](const std::string &body, const std::vector<uint32_t> &inputs,
                       double (*function)(double)) {
    std::vector<uint32_t> results = runLanes(body, {inputs});
    for (size_t i = 0; i < 32; ++i) {
      double expected = function(floatOf(inputs[i]));
      EXPECT_NEAR(floatOf(results[i]), expected, std::fabs(expected) * 0x1p-23) << body;
    }
  };
  expectNear("ex2.approx.ftz.f32 %r0, %r1;", x, [](double a) { return std::exp2(a); });
  expectNear("rcp.approx.ftz.f32 %r0, %r1;", x, [](double a) { return 1 / a; });
  expectNear("rsqrt.approx.f32 %r0, %r1;", y, [](double a) { return 1 / std::sqrt(a); });
  expectNear("sqrt.approx.f32 %r0, %r1;", y, [](double a) { return std::sqrt(a); });
  expectNear("lg2.approx.f32 %r0, %r1;", y, [](double a) { return std::log2(a); });
  expectNear("sin.approx.f32 %r0, %r1;", x, [](double a) { return std::sin(a); });
  expectNear("cos.approx.f32 %r0, %r1;", x, [](double a) { return std::cos(a); });
  expectNear("tanh.approx.f32 %r0, %r1;", x, [](double a) { return std::tanh(a); });
  EXPECT_EQ(oneFloat("ex2.approx.f32 %r0, %r1;", -INFINITY), 0);
  EXPECT_EQ(oneFloat("ex2.approx.f32 %r0, %r1;", 200), INFINITY);
  EXPECT_EQ(oneFloat("ex2.approx.f32 %r0, %r1;", -149), 0x1p-149f);
  EXPECT_EQ(oneFloat("ex2.approx.ftz.f32 %r0, %r1;", -149), 0);
  EXPECT_EQ(one("ex2.approx.f32 %r0, %r1;", bitsOf(NAN)), 0x7fffffffu);
}

/// Sixteen-bit arithmetic against sums in __float128, which hold products and sums exactly, rounded
/// by going through the neighbours of the float result.
TEST(Arithmetic, Halves) {
  std::mt19937 random(2);
  struct Format {
    const char *name;
    int precision, minExponent, maxExponent;
  };
  for (const Format &format : {Format{"f16", 11, -14, 15}, Format{"bf16", 8, -126, 127}}) {
    bool isHalf = format.precision == 11;
    auto valueOf = [&](uint32_t code) {
      int fractionBits = format.precision - 1;
      int field = int(code & 0x7fff) >> fractionBits, fraction = code & ((1 << fractionBits) - 1);
      double magnitude = std::ldexp(field ? (1 << fractionBits) + fraction : fraction,
                                    std::max(field, 1) - 1 + format.minExponent - fractionBits);
      return code & 0x8000 ? -magnitude : magnitude;
    };
    auto round = [&](__float128 exact) -> uint32_t {
      bool negative = exact < 0;
      __float128 magnitude = negative ? -exact : exact;
      uint32_t low = 0, high = isHalf ? 0x7c00 : 0x7f80; // codes around the number
      while (high - low > 1) {
        uint32_t middle = (low + high) / 2;
        (__float128(valueOf(middle)) <= magnitude ? low : high) = middle;
      }
      __float128 down = magnitude - valueOf(low), up = __float128(valueOf(high)) - magnitude;
      uint32_t code = down < up || (down == up && low % 2 == 0) ? low : high;
      return code | (negative ? 0x8000 : 0);
    };
    auto finite = [&] {
      uint32_t code = random() & 0xffff;
      // Half of them near one, so that sums round and cancel.
      return random() % 2 ? (code & 0x83ff) | (isHalf ? 0x3c00 : 0x3f80)
                          : code & (isHalf ? 0xbbff : 0xbf7f);
    };
    for (int round_ = 0; round_ < 40; ++round_) {
      std::vector<uint32_t> a(32), b(32), c(32);
      for (size_t i = 0; i < 32; ++i) {
        a[i] = finite() | finite() << 16;
        b[i] = finite() | finite() << 16;
        c[i] = finite() | finite() << 16;
      }
      auto run = [&](const char *operation) {
        return runLanes(fmt::format(fmt::runtime(operation), format.name), {a, b, c});
      };
      std::vector<uint32_t> sums = run("add.rn.{}x2 %r0, %r1, %r2;");
      std::vector<uint32_t> products = run("mul.rn.{}x2 %r0, %r1, %r2;");
      std::vector<uint32_t> fused = run("fma.rn.{}x2 %r0, %r1, %r2, %r3;");
      for (size_t i = 0; i < 32; ++i) {
        for (int half = 0; half < 32; half += 16) {
          auto code = [&](uint32_t pair) { return (pair >> half) & 0xffff; };
          __float128 x = valueOf(code(a[i])), y = valueOf(code(b[i])), z = valueOf(code(c[i]));
          auto expectCode = [&](uint32_t found, __float128 exact, const char *what) {
            if (exact != 0) { // the sign of a zero is the float unit's
              ASSERT_EQ(code(found), round(exact)) << format.name << what << i;
            }
          };
          expectCode(sums[i], x + y, " add ");
          expectCode(products[i], x * y, " mul ");
          expectCode(fused[i], x * y + z, " fma ");
        }
      }
    }
  }
}

TEST(Arithmetic, HalfDetails) {
  EXPECT_EQ(one("max.NaN.bf16x2 %r0, %r1, %r2;", 0x7fc03f80, 0x40003f00), 0x7fff3f80u);
  EXPECT_EQ(one("fma.rn.relu.bf16x2 %r0, %r1, %r2, %r3;", 0x3f803f80, 0xc0004000, 0), 0x00004000u);
  EXPECT_EQ(one("neg.f16x2 %r0, %r1;", 0x3c00bc00), 0xbc003c00u);
  EXPECT_EQ(one("abs.bf16x2 %r0, %r1;", 0xbf80bf80), 0x3f803f80u);
  EXPECT_EQ(
      one("cvt.u16.u32 %rs1, %r1; add.f16 %rs1, %rs1, 0x3C00; cvt.u32.u16 %r0, %rs1;", 0x3c00),
      0x4000u);
}

TEST(Arithmetic, MovesOfParts) {
  EXPECT_EQ(one("mov.b32 {%rs1, %rs2}, %r1; mov.b32 %r0, {%rs2, %rs1};", 0x12345678), 0x56781234u);
  EXPECT_EQ(one("mov.b32 {%rs1, _}, %r1; cvt.u32.u16 %r0, %rs1;", 0x12345678), 0x5678u);
  EXPECT_EQ(one64("mov.b64 {%r4, %r5}, %rd6; mov.b64 %rd5, {%r5, %r4};", 0x1122334455667788),
            0x5566778811223344u);
}
