//===- CodesTest.cpp - products with quantized weights --------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/FloatConvert.h"
#include "runtime/quantization/MiniFloat.h"
#include "runtime/quantization/Scheme.h"
#include "test/unit/lowering-gpu/PtxKernels.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace qopt;
using namespace qopt::test;

namespace {

struct Case {
  const char *type;
  int64_t group; ///< 0: by row
  bool asymmetric;
  const char *preset;
  int64_t depth, columns, ways;

  int64_t groups() const { return group ? depth / group : 1; }
};

/// Weights in codes as they are uploaded, and what they stand for in double.
class Codes {
public:
  Codes(const Case &shape, Normal &random)
      : scheme(parse(shape)), depth(shape.depth), groups(shape.groups()),
        bits(codeBits(scheme.storage)), rowBytes(roundUp(depth, 32) * bits / 8),
        bytes(shape.columns * shape.ways * rowBytes), scales(shape.columns * shape.ways * groups),
        zeros(scales.size()) {
    for (float &scale : scales)
      scale = std::abs(random.next()) * 0.1f + 0.01f;
    for (float &zero : zeros)
      zero = scheme.zeroPoint == ZeroPoint::Integer ? float(int(random.engine() % 31) - 15)
                                                    : random.next();
    for (size_t i = 0; i < bytes.size(); ++i) {
      bytes[i] = uint8_t(random.engine());
      // The codes of infinity and NaN are never written.
      bool isSpecial = (scheme.storage == Storage::Fp8E4M3 && (bytes[i] & 0x7f) == 0x7f) ||
                       (scheme.storage == Storage::Fp8E5M2 && (bytes[i] & 0x7c) == 0x7c);
      if (isSpecial)
        bytes[i] = 0x01; // the smallest, a subnormal
    }
  }

  double value(int64_t row, int64_t k) const {
    int64_t index = row * groups + k / (depth / groups);
    double code = decode(row, k), scale = scales[index], zero = zeros[index];
    switch (scheme.zeroPoint) {
    case ZeroPoint::None:
      return scale * code;
    case ZeroPoint::Integer:
      return scale * (code - zero);
    case ZeroPoint::Minimum:
      return scale * code + zero;
    }
    return NAN;
  }

  static Scheme parse(const Case &shape) {
    std::string granularity = shape.group ? "group:" + std::to_string(shape.group) : "row";
    return parseScheme({shape.type, granularity, shape.asymmetric, shape.preset});
  }

  Scheme scheme;
  int64_t depth, groups, bits, rowBytes;
  std::vector<uint8_t> bytes;
  std::vector<float> scales, zeros;

private:
  double decode(int64_t row, int64_t k) const {
    uint8_t byte = bytes[row * rowBytes + k * bits / 8];
    uint8_t code = bits == 8 ? byte : k % 2 ? byte >> 4 : byte & 15;
    switch (scheme.storage) {
    case Storage::Fp8E4M3:
      return Fp8E4M3::decode(code);
    case Storage::Fp8E5M2:
      return Fp8E5M2::decode(code);
    case Storage::Fp4E2M1:
      return Fp4E2M1::decode(code);
    default:
      bool isNegative = scheme.minCode < 0 && code >> (bits - 1);
      return isNegative ? int(code) - (1 << bits) : int(code);
    }
  }
};

std::string schemeText(const Scheme &scheme, int64_t group) {
  static const char *zeros[] = {"symmetric", "integer_zero", "minimum"};
  return fmt::format("#q.scheme<storage = {}, granularity = {}, {}zero = {}, divisor = 1.0 : f64, "
                     "range = [{}, {}], rounding = half_even, arithmetic = divide, scale = f32, "
                     "min_amax = 0.0 : f64, min_scale = 0.0 : f64>",
                     name(scheme.storage), group ? "group" : "row",
                     group ? fmt::format("block = [1, {}], ", group) : "",
                     zeros[int(scheme.zeroPoint)], scheme.minCode, scheme.maxCode);
}

/// One product with an epilogue that multiplies the ways.
std::string moduleText(const Case &shape, const std::string &rows) {
  Scheme scheme = Codes::parse(shape);
  int64_t width = 32 / shape.ways, panels = (shape.columns + width - 1) / width;
  std::string x = fmt::format("tensor<{}x{}xbf16>", rows, shape.depth);
  std::string y = fmt::format("tensor<{}x{}xf32>", rows, shape.columns);
  bool is4 = codeBits(scheme.storage) == 4;
  std::string w =
      fmt::format("tensor<{}x{}x32xi8>", panels, is4 ? (shape.depth + 1) / 2 : shape.depth);
  std::string s = fmt::format("tensor<{}x{}x32xf32>", panels, shape.groups());
  bool hasZeros = scheme.zeroPoint != ZeroPoint::None;
  std::string parameters = hasZeros ? fmt::format("%s, %z : {0}, {0}", s) : "%s : " + s;
  std::string body = shape.ways == 2 ? R"(  ^bb0(%a: f32, %b: f32):
    %p = arith.mulf %a, %b : f32
    kernel.yield %p : f32)"
                                     : R"(  ^bb0(%a: f32):
    kernel.yield %a : f32)";
  return fmt::format(R"(
llm.param @w : {2}
llm.param @s : {3}
llm.param @z : {3}
func.func @f.ptx(%x: {0}) -> {1} attributes {{kernel.target = "ptx"}} {{
  %w = llm.get @w : {2}
  %s = llm.get @s : {3}
  %z = llm.get @z : {3}
  %y = kernel.matmul %x, %w scales({4}) ways {5} {{columns = {6}, weight_scheme = {7}}} : {0}, {2} -> {1} {{
{8}
  }}
  return %y : {1}
}}
)",
                     x, y, w, s, parameters, shape.ways, shape.columns,
                     schemeText(scheme, shape.group), body);
}

/// `tolerance` is of the sum of the products' magnitudes.
void check(const Case &shape, int64_t rows, bool isStatic, double tolerance) {
  SCOPED_TRACE(fmt::format("{} group {} rows {}", shape.type, shape.group, rows));
  PtxKernels kernels(moduleText(shape, isStatic ? std::to_string(rows) : "?"));
  Normal random(11);
  Codes codes(shape, random);
  Rows x(rows, shape.depth, true, &random), y(rows, shape.columns, false);
  emulator::KernelRun &device = kernels.device();
  uint64_t resultAt = y.upload(device, NAN);
  std::vector<uint64_t> arguments = {x.upload(device, NAN), device.upload(codes.bytes),
                                     device.upload(codes.scales)};
  if (codes.scheme.zeroPoint != ZeroPoint::None)
    arguments.push_back(device.upload(codes.zeros));
  arguments.push_back(resultAt);
  arguments.push_back(uint64_t(rows));
  emulator::Statistics counted = kernels.launch("kernel.matmul", arguments, rows);
  EXPECT_EQ(counted.bankConflicts, 0u);
  y.download(device, resultAt);
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t column = 0; column < shape.columns; ++column) {
      double wanted = 1, bound = 1, sums[2], magnitudes[2];
      for (int64_t way = 0; way < shape.ways; ++way) {
        sums[way] = magnitudes[way] = 0;
        for (int64_t k = 0; k < shape.depth; ++k) {
          double product = x.at(row, k) * codes.value(column + way * shape.columns, k);
          sums[way] += product;
          magnitudes[way] += std::abs(product);
        }
        wanted *= sums[way];
        bound *= magnitudes[way];
      }
      ASSERT_NEAR(y.at(row, column), wanted, tolerance * bound) << row << ", " << column;
    }
}

const Case cases[] = {
    {"int8", 0, false, "default", 2048, 64, 1},     {"int8", 0, false, "default", 100, 40, 1},
    {"int8", 32, true, "default", 128, 50, 1},      {"int8", 64, true, "torchao", 192, 34, 2},
    {"int4", 32, false, "default", 96, 40, 1},      {"int4", 0, true, "default", 84, 33, 1},
    {"int4", 128, true, "default", 4096, 32, 1},    {"fp8_e4m3", 0, false, "default", 300, 48, 2},
    {"int8", 16, false, "default", 112, 40, 1},     {"int8", 16, true, "default", 2048, 33, 2},
    {"fp8_e5m2", 64, false, "default", 256, 33, 1},
};

} // namespace

/// Exact but for the order and rounding of float32 sums.
TEST(Codes, Matvec) {
  for (const Case &shape : cases) {
    check(shape, 1, /*isStatic=*/true, 2e-6);
    check(shape, 3, /*isStatic=*/true, 2e-6);
  }
}

/// Weights are rounded to bf16, by at most 2^-9 of each.
TEST(Codes, Mma) {
  for (const Case &shape : cases)
    for (int64_t rows : {1, 7, 33})
      check(shape, rows, /*isStatic=*/false, 8e-3);
}
