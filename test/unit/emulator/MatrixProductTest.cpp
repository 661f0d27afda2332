//===- MatrixProductTest.cpp - mma fragments and sums ---------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Where elements lie is written down here shape by shape, as the tables of the PTX manual have it
// (section "Matrix Fragments for mma"), and not computed as the emulator does.

#include "runtime/formats/FloatConvert.h"
#include "test/unit/emulator/KernelRun.h"

#include <bit>
#include <functional>
#include <gtest/gtest.h>
#include <random>

using namespace qopt;
using namespace qopt::emulator;

namespace {

struct Place {
  int row, column;
};
/// Element i of a fragment in a lane; g = lane / 4, t = lane % 4, groupID and threadID_in_group of
/// the manual.
using Layout = std::function<Place(int g, int t, int i)>;

struct Shape {
  const char *name; ///< with types: "m16n8k16.row.col.f32.bf16.bf16.f32"
  int rows, depth;
  int elementBits;
  int aRegisters, bRegisters;
  Layout a, b;
};

/// The manual's "m16n8k16 with floating point type", .f16 and .bf16.
const Layout kA16x16 = [](int g, int t, int i) -> Place {
  int row = (i >= 0 && i < 2) || (i >= 4 && i < 6) ? g : g + 8;
  int column = i < 4 ? t * 2 + (i & 1) : t * 2 + (i & 1) + 8;
  return {row, column};
};
const Layout kB16x16 = [](int g, int t, int i) -> Place {
  return {i < 2 ? t * 2 + (i & 1) : t * 2 + (i & 1) + 8, g};
};
/// "m16n8k8", .f16 and .bf16.
const Layout kA16x8 = [](int g, int t, int i) -> Place {
  return {i < 2 ? g : g + 8, t * 2 + (i & 1)};
};
const Layout kB16x8 = [](int g, int t, int i) -> Place { return {t * 2 + i, g}; };
/// "m16n8k8", .tf32.
const Layout kA32x8 = [](int g, int t, int i) -> Place {
  return {i == 0 || i == 2 ? g : g + 8, i < 2 ? t : t + 4};
};
const Layout kB32x8 = [](int g, int t, int i) -> Place { return {i == 0 ? t : t + 4, g}; };
/// "m16n8k4", .tf32.
const Layout kA32x4 = [](int g, int t, int i) -> Place { return {i == 0 ? g : g + 8, t}; };
const Layout kB32x4 = [](int g, int t, int) -> Place { return {t, g}; };
/// "m16n8k16 with integer type" (and e4m3, e5m2).
const Layout kA8x16 = [](int g, int t, int i) -> Place {
  return {i < 4 ? g : g + 8, t * 4 + (i & 3)};
};
const Layout kB8x16 = [](int g, int t, int i) -> Place { return {t * 4 + i, g}; };
/// "m16n8k32".
const Layout kA8x32 = [](int g, int t, int i) -> Place {
  int row = (i >= 0 && i < 4) || (i >= 8 && i < 12) ? g : g + 8;
  return {row, i < 8 ? t * 4 + (i & 3) : t * 4 + (i & 3) + 16};
};
const Layout kB8x32 = [](int g, int t, int i) -> Place {
  return {i < 4 ? t * 4 + (i & 3) : t * 4 + (i & 3) + 16, g};
};
/// "m8n8k16".
const Layout kA8Rows8x16 = [](int g, int t, int i) -> Place { return {g, t * 4 + i}; };

/// Accumulators of all shapes with 16 rows; of m8n8k16 the first two.
Place accumulator(int g, int t, int i) { return {i < 2 ? g : g + 8, t * 2 + (i & 1)}; }

const Shape kShapes[] = {
    {"m16n8k16.row.col.f32.bf16.bf16.f32", 16, 16, 16, 4, 2, kA16x16, kB16x16},
    {"m16n8k16.row.col.f32.f16.f16.f32", 16, 16, 16, 4, 2, kA16x16, kB16x16},
    {"m16n8k16.row.col.f16.f16.f16.f16", 16, 16, 16, 4, 2, kA16x16, kB16x16},
    {"m16n8k8.row.col.f32.bf16.bf16.f32", 16, 8, 16, 2, 1, kA16x8, kB16x8},
    {"m16n8k8.row.col.f32.f16.f16.f32", 16, 8, 16, 2, 1, kA16x8, kB16x8},
    {"m16n8k8.row.col.f32.tf32.tf32.f32", 16, 8, 32, 4, 2, kA32x8, kB32x8},
    {"m16n8k4.row.col.f32.tf32.tf32.f32", 16, 4, 32, 2, 1, kA32x4, kB32x4},
    {"m16n8k16.row.col.s32.s8.s8.s32", 16, 16, 8, 2, 1, kA8x16, kB8x16},
    {"m16n8k32.row.col.s32.s8.s8.s32", 16, 32, 8, 4, 2, kA8x32, kB8x32},
    {"m16n8k32.row.col.s32.u8.s8.s32", 16, 32, 8, 4, 2, kA8x32, kB8x32},
    {"m16n8k32.row.col.satfinite.s32.s8.u8.s32", 16, 32, 8, 4, 2, kA8x32, kB8x32},
    {"m16n8k32.row.col.f32.e4m3.e4m3.f32", 16, 32, 8, 4, 2, kA8x32, kB8x32},
    {"m16n8k32.row.col.f32.e5m2.e4m3.f32", 16, 32, 8, 4, 2, kA8x32, kB8x32},
    {"m8n8k16.row.col.s32.s8.s8.s32", 8, 16, 8, 1, 1, kA8Rows8x16, kB8x16},
};

bool contains(const Shape &shape, const char *text) {
  return std::string_view(shape.name).find(text) != std::string_view::npos;
}

/// The code of a small integer in the element type of A or of B.
uint32_t encode(const Shape &shape, int value, bool isB) {
  if (contains(shape, "s32"))
    return uint32_t(value) & 0xff;
  auto bits = std::bit_cast<uint32_t>(float(value));
  if (contains(shape, "tf32"))
    return bits;
  if (contains(shape, "bf16"))
    return bits >> 16;
  if (contains(shape, ".f16.f16"))
    return f32ToF16(float(value));
  // Eight bits: drop the lower bits of an f16, rebias for e4m3.
  bool isE4m3 = isB || contains(shape, "f32.e4m3");
  uint32_t half = f32ToF16(float(value));
  return isE4m3 ? (half == 0 ? 0 : (half & 0x8000) >> 8 | (((half & 0x7fff) >> 7) - 64))
                : half >> 8;
}

/// Runs one mma on A, B and C, given by row and column, and returns D.
std::vector<double> multiply(const Shape &shape, const std::vector<int> &a,
                             const std::vector<int> &b, const std::vector<double> &c) {
  int perRegister = 32 / shape.elementBits;
  bool halves = contains(shape, "f16.f16.f16.f16"), integers = contains(shape, "s32");
  int sums = shape.rows == 16 ? 4 : 2, sumRegisters = halves ? 2 : sums;
  int words = shape.aRegisters + shape.bRegisters + sumRegisters;
  std::vector<uint32_t> input(size_t(32 * words));
  for (int lane = 0; lane < 32; ++lane) {
    int g = lane / 4, t = lane % 4;
    uint32_t *word = &input[size_t(lane * words)];
    for (int i = 0; i < shape.aRegisters * perRegister; ++i) {
      Place p = shape.a(g, t, i);
      word[i / perRegister] |= encode(shape, a[size_t(p.row * shape.depth + p.column)], false)
                               << (i % perRegister * shape.elementBits);
    }
    word += shape.aRegisters;
    for (int i = 0; i < shape.bRegisters * perRegister; ++i) {
      Place p = shape.b(g, t, i);
      word[i / perRegister] |= encode(shape, b[size_t(p.row * 8 + p.column)], true)
                               << (i % perRegister * shape.elementBits);
    }
    word += shape.bRegisters;
    for (int i = 0; i < sums; ++i) {
      Place p = accumulator(g, t, i);
      double value = c[size_t(p.row * 8 + p.column)];
      if (halves)
        word[i / 2] |= uint32_t(f32ToF16(float(value))) << (i % 2 * 16);
      else
        word[i] = integers ? uint32_t(int64_t(value)) : std::bit_cast<uint32_t>(float(value));
    }
  }

  auto registers = [](const char *prefix, int first, int count) {
    std::string text = "{";
    for (int i = 0; i < count; ++i)
      text += fmt::format("{}{}{}", i ? ", " : "", prefix, first + i);
    return text + "}";
  };
  std::string body = fmt::format("mov.u32 %r60, %laneid; mul.wide.u32 %rd10, %r60, {};\n"
                                 "add.s64 %rd1, %rd1, %rd10;\n",
                                 4 * words);
  for (int i = 0; i < words; ++i)
    body += fmt::format("ld.global.b32 %r{}, [%rd1+{}];\n", i, 4 * i);
  body += fmt::format("mma.sync.aligned.{} {}, {}, {}, {};\n", shape.name,
                      registers("%r", 40, sumRegisters), registers("%r", 0, shape.aRegisters),
                      registers("%r", shape.aRegisters, shape.bRegisters),
                      registers("%r", shape.aRegisters + shape.bRegisters, sumRegisters));
  body += "mul.wide.u32 %rd10, %r60, 16; add.s64 %rd0, %rd0, %rd10;\n";
  for (int i = 0; i < sumRegisters; ++i)
    body += fmt::format("st.global.b32 [%rd0+{}], %r{};\n", 4 * i, 40 + i);
  KernelRun run(kernelText(body + "ret;"));
  uint64_t to = run.upload(std::vector<uint32_t>(32 * 4)), from = run.upload(input);
  run.launch("k", {1, 1, 1}, {32, 1, 1}, {to, from, 0, 0});
  std::vector<uint32_t> output = run.download<uint32_t>(to, 32 * 4);

  std::vector<double> d(size_t(shape.rows * 8));
  for (int lane = 0; lane < 32; ++lane) {
    for (int i = 0; i < sums; ++i) {
      Place p = accumulator(lane / 4, lane % 4, i);
      const uint32_t *word = &output[size_t(lane * 4)];
      d[size_t(p.row * 8 + p.column)] =
          halves     ? double(f16ToF32(uint16_t(word[i / 2] >> (i % 2 * 16))))
          : integers ? double(int32_t(word[i]))
                     : double(std::bit_cast<float>(word[i]));
    }
  }
  return d;
}

} // namespace

/// Every element of A meets every element of B that it should and no other: a single 1 in A picks a
/// row of B, whose elements are all different.
TEST(MatrixProduct, Layouts) {
  for (const Shape &shape : kShapes) {
    std::vector<double> zero(size_t(shape.rows * 8));
    std::vector<int> b(size_t(shape.depth * 8));
    for (int k = 0; k < shape.depth; ++k)
      for (int n = 0; n < 8; ++n)
        b[size_t(k * 8 + n)] = 1 + (3 * k + n) % 8; // eight-bit floats have these
    for (int row = 0; row < shape.rows; ++row) {
      for (int k = 0; k < shape.depth; ++k) {
        std::vector<int> a(size_t(shape.rows * shape.depth));
        a[size_t(row * shape.depth + k)] = 1;
        std::vector<double> d = multiply(shape, a, b, zero);
        for (int i = 0; i < shape.rows * 8; ++i)
          ASSERT_EQ(d[size_t(i)], i / 8 == row ? b[size_t(k * 8 + i % 8)] : 0)
              << shape.name << " row " << row << " k " << k << " element " << i;
      }
    }
  }
}

TEST(MatrixProduct, Sums) {
  std::mt19937 random(3);
  for (const Shape &shape : kShapes) {
    bool isUnsignedA = contains(shape, "s32.u8"), isUnsignedB = contains(shape, "s8.u8");
    auto small = [&](bool positive) { return int(random() % 9) - (positive ? 0 : 4); };
    std::vector<int> a(size_t(shape.rows * shape.depth)), b(size_t(shape.depth * 8));
    for (int &value : a)
      value = small(isUnsignedA);
    for (int &value : b)
      value = small(isUnsignedB);
    std::vector<double> c(size_t(shape.rows * 8)), expected;
    for (double &value : c)
      value = int(random() % 100) - 50;
    expected = c;
    for (int m = 0; m < shape.rows; ++m)
      for (int n = 0; n < 8; ++n)
        for (int k = 0; k < shape.depth; ++k)
          expected[size_t(m * 8 + n)] += a[size_t(m * shape.depth + k)] * b[size_t(k * 8 + n)];
    EXPECT_EQ(multiply(shape, a, b, c), expected) << shape.name;
  }
}

TEST(MatrixProduct, IntegersWrapOrSaturate) {
  Shape wraps = kShapes[8], clamps = kShapes[8];
  clamps.name = "m16n8k32.row.col.satfinite.s32.s8.s8.s32";
  std::vector<int> a(16 * 32, 100), b(32 * 8, 100);
  std::vector<double> c(16 * 8, INT32_MAX - 5);
  EXPECT_EQ(multiply(wraps, a, b, c)[0], double(int32_t(uint32_t(INT32_MAX) - 5 + 320000)));
  EXPECT_EQ(multiply(clamps, a, b, c)[0], double(INT32_MAX));
}

/// The sum is rounded once: parts that f32 would lose come together first.
TEST(MatrixProduct, FloatSumsAreRoundedOnce) {
  std::vector<int> a(16 * 16), b(16 * 8);
  a[0] = 1 << 12;
  b[0] = 1 << 12; // 2^24
  for (int k = 1; k < 3; ++k)
    a[size_t(k)] = b[size_t(k * 8)] = 1;
  std::vector<double> c(16 * 8);
  EXPECT_EQ(multiply(kShapes[0], a, b, c)[0], 16777218);
}
