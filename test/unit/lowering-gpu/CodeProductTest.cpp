//===- CodeProductTest.cpp - activations in codes -------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/quantization/BlockCodec.h"
#include "runtime/quantization/MiniFloat.h"
#include "test/unit/lowering-gpu/PtxKernels.h"
#include <cmath>
#include <gtest/gtest.h>
#include <span>

using namespace qopt;
using namespace qopt::test;

namespace {

/// The scheme of one side of a product.
struct Side {
  const char *type;
  int64_t group = 0; ///< 0: by row
  bool asymmetric = false;
  const char *preset = "default";

  Scheme scheme() const {
    std::string granularity = group ? "group:" + std::to_string(group) : "row";
    return parseScheme({type, granularity, asymmetric, preset});
  }
  int64_t groups(int64_t depth) const { return group ? depth / group : 1; }
};

std::string schemeText(const Side &side) {
  static const char *zeros[] = {"symmetric", "integer_zero", "minimum"};
  static const char *arithmetic[] = {"divide", "reciprocal", "multiplier", "normalize"};
  Scheme scheme = side.scheme();
  return fmt::format(
      "#q.scheme<storage = {}, granularity = {}, {}zero = {}, divisor = {:.1f} : f64, "
      "range = [{}, {}], rounding = {}, arithmetic = {}, scale = {}, "
      "min_amax = {:.17e} : f64, min_scale = {:.17e} : f64>",
      name(scheme.storage), side.group ? "group" : "row",
      side.group ? fmt::format("block = [1, {}], ", side.group) : "", zeros[int(scheme.zeroPoint)],
      scheme.divisor, scheme.minCode, scheme.maxCode,
      scheme.rounding == Rounding::HalfEven ? "half_even" : "half_away",
      arithmetic[int(scheme.arithmetic)], scheme.scaleType == ScaleType::F16 ? "f16" : "f32",
      scheme.minAmax, scheme.minScale);
}

/// Rows of codes as they lie in memory, padded to 32 of them, with a scale (and zero) for each
/// group.
class Codes {
public:
  Codes(const Side &side, int64_t rows, int64_t depth, uint8_t padding, Normal &random)
      : scheme(side.scheme()), depth(depth), groups(side.groups(depth)),
        bits(codeBits(scheme.storage)), rowBytes(roundUp(depth, 32) * bits / 8),
        bytes(rows * rowBytes, padding), scales(rows * groups), zeros(rows * groups) {
    for (float &scale : scales)
      scale = 0.01f + std::abs(random.next());
    for (float &zero : zeros)
      zero = scheme.zeroPoint == ZeroPoint::Integer ? float(int(random.engine() % 31) - 15)
                                                    : random.next();
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t k = 0; k < depth; ++k)
        set(row, k, uint8_t(random.engine()));
  }

  /// The number that a code is, without its scale.
  double code(int64_t row, int64_t k) const {
    uint8_t byte = bytes[row * rowBytes + k * bits / 8];
    if (scheme.storage == Storage::Fp8E4M3)
      return Fp8E4M3::decode(byte);
    if (scheme.storage == Storage::Fp8E5M2)
      return Fp8E5M2::decode(byte);
    int code = bits == 8 ? byte : k % 2 ? byte >> 4 : byte & 15;
    return scheme.minCode < 0 && code >> (bits - 1) ? code - (1 << bits) : code;
  }
  double value(int64_t row, int64_t k) const {
    int64_t index = row * groups + k / (depth / groups);
    double zero = zeros[index], scale = scales[index];
    switch (scheme.zeroPoint) {
    case ZeroPoint::None:
      return scale * code(row, k);
    case ZeroPoint::Integer:
      return scale * (code(row, k) - zero);
    case ZeroPoint::Minimum:
      return scale * code(row, k) + zero;
    }
    return NAN;
  }

  Scheme scheme;
  int64_t depth, groups, bits, rowBytes;
  std::vector<uint8_t> bytes;
  std::vector<float> scales, zeros;

private:
  void set(int64_t row, int64_t k, uint8_t bits8) {
    // Codes of infinity and NaN are never written.
    if (scheme.storage == Storage::Fp8E4M3 && (bits8 & 0x7f) == 0x7f)
      bits8 = 0x01;
    if (scheme.storage == Storage::Fp8E5M2 && (bits8 & 0x7c) == 0x7c)
      bits8 = 0x01;
    uint8_t &byte = bytes[row * rowBytes + k * bits / 8];
    if (bits == 8)
      byte = bits8;
    else if (k % 2 == 0)
      byte = bits8 & 15;
    else
      byte = uint8_t((byte & 15) | (bits8 & 0xf0));
  }
};

struct Product {
  int64_t depth, columns, ways;
  Side x = {"int8"}, weight = {"int8"};
};

std::string productText(const Product &shape, const std::string &rows) {
  int64_t width = 32 / shape.ways, panels = (shape.columns + width - 1) / width;
  bool is4Bit = codeBits(shape.weight.scheme().storage) == 4;
  bool hasZeros = shape.weight.scheme().zeroPoint != ZeroPoint::None;
  std::string x = fmt::format("tensor<{}x{}xi8>", rows, shape.depth);
  std::string xs = fmt::format("tensor<{}x{}xf32>", rows, shape.x.groups(shape.depth));
  std::string y = fmt::format("tensor<{}x{}xf32>", rows, shape.columns);
  std::string w =
      fmt::format("tensor<{}x{}x32xi8>", panels, is4Bit ? (shape.depth + 1) / 2 : shape.depth);
  std::string s = fmt::format("tensor<{}x{}x32xf32>", panels, shape.weight.groups(shape.depth));
  std::string parameters = hasZeros ? fmt::format("%s, %z : {0}, {0}", s) : "%s : " + s;
  std::string body = shape.ways == 2 ? R"(  ^bb0(%a: f32, %b: f32):
    %p = arith.addf %a, %b : f32
    kernel.yield %p : f32)"
                                     : R"(  ^bb0(%a: f32):
    kernel.yield %a : f32)";
  return fmt::format(R"(
llm.param @w : {3}
llm.param @s : {4}
llm.param @z : {4}
func.func @f.ptx(%x: {0}, %xs: {1}) -> {2} attributes {{kernel.target = "ptx"}} {{
  %w = llm.get @w : {3}
  %s = llm.get @s : {4}
  %z = llm.get @z : {4}
  %y = kernel.matmul %x scaled %xs : {1}, %w scales({5}) ways {6} {{columns = {7}, weight_scheme = {8}, x_scheme = {9}}} : {0}, {3} -> {2} {{
{10}
  }}
  return %y : {2}
}}
)",
                     x, xs, y, w, s, parameters, shape.ways, shape.columns,
                     schemeText(shape.weight), schemeText(shape.x), body);
}

/// The kernel's results for drawn codes against products in float64, within `tolerance` of the sum
/// of the terms' magnitudes.
void checkProduct(const Product &shape, int64_t rows, bool isStatic,
                  const std::string &chip = "sm_80") {
  SCOPED_TRACE(fmt::format("{} {} by {} {}, depth {}, rows {}, {}", shape.weight.type,
                           shape.weight.group, shape.x.type, shape.x.group, shape.depth, rows,
                           chip));
  PtxKernels kernels(productText(shape, isStatic ? std::to_string(rows) : "?"), chip);
  emulator::KernelRun &device = kernels.device();
  Normal random(3);
  // In the padding of x there may be anything, NaNs too; in that of weights there are zeros.
  Codes x(shape.x, rows, shape.depth, /*padding=*/0x7f, random);
  Codes w(shape.weight, shape.columns * shape.ways, shape.depth, 0, random);
  Rows xScales(rows, x.groups, false), y(rows, shape.columns, false);
  for (size_t i = 0; i < x.scales.size(); ++i)
    xScales.values[i] = x.scales[i];
  uint64_t resultAt = y.upload(device, NAN);
  std::vector<uint64_t> arguments = {device.upload(x.bytes), xScales.upload(device, NAN),
                                     device.upload(w.bytes), device.upload(w.scales)};
  if (w.scheme.zeroPoint != ZeroPoint::None)
    arguments.push_back(device.upload(w.zeros));
  arguments.push_back(resultAt);
  arguments.push_back(uint64_t(rows));
  emulator::Statistics counted = kernels.launch("kernel.matmul", arguments, rows);
  EXPECT_EQ(counted.bankConflicts, 0u);
  y.download(device, resultAt);
  // Sums of integers are exact, so only scales round, or sums of scaled blocks.
  double tolerance = x.scheme.isInteger() && x.groups == 1 && w.groups == 1 ? 3e-7 : 2e-6;
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t column = 0; column < shape.columns; ++column) {
      double wanted = 0, bound = 0;
      for (int64_t way = 0; way < shape.ways; ++way)
        for (int64_t k = 0; k < shape.depth; ++k) {
          double term = x.value(row, k) * w.value(column + way * shape.columns, k);
          wanted += term;
          bound += std::abs(term);
        }
      ASSERT_NEAR(y.at(row, column), wanted, tolerance * bound) << row << ", " << column;
    }
}

const Product integers[] = {
    {2048, 40, 1}, {100, 33, 1}, {256, 48, 2}, {51, 8, 1}, {512, 130, 1},
};

/// Scales by block, codes of 4 bits, and zeros.
const Product blocks[] = {
    {96, 40, 1, {"int8", 32}, {"int8", 32}},
    {128, 33, 1, {"int8", 32}, {"int4", 32}},
    {256, 48, 2, {"int8", 32}, {"int4", 32, true}},
    {144, 34, 1, {"int8", 48}, {"int8", 16}},
    {192, 40, 1, {"int8"}, {"int8", 64, true}},
    {192, 40, 1, {"int8", 64}, {"int8", 192, true, "torchao"}},
    {256, 33, 1, {"int8", 64}, {"int4"}},
    {84, 33, 1, {"int8"}, {"int4", 0, true}},
    {51, 40, 1, {"int8"}, {"int8", 0, true}},
    {256, 40, 1, {"int8", 32}, {"int8", 128}},
};

const Product floats[] = {
    {512, 40, 1, {"fp8_e4m3"}, {"fp8_e4m3"}},      {51, 33, 1, {"fp8_e4m3"}, {"fp8_e4m3"}},
    {100, 48, 2, {"fp8_e5m2"}, {"fp8_e4m3"}},      {256, 130, 1, {"fp8_e4m3"}, {"fp8_e5m2"}},
    {256, 33, 1, {"fp8_e4m3"}, {"fp8_e4m3", 128}}, {160, 40, 1, {"fp8_e4m3", 16}, {"fp8_e4m3", 80}},
};

} // namespace

TEST(CodeProduct, Matvec) {
  for (std::span<const Product> products :
       {std::span<const Product>(integers), std::span<const Product>(blocks),
        std::span<const Product>(floats)})
    for (const Product &shape : products) {
      checkProduct(shape, 1, /*isStatic=*/true);
      checkProduct(shape, 3, /*isStatic=*/true);
    }
}

TEST(CodeProduct, Mma) {
  for (std::span<const Product> products :
       {std::span<const Product>(integers), std::span<const Product>(blocks),
        std::span<const Product>(floats)})
    for (const Product &shape : products)
      for (int64_t rows : {7, 33})
        checkProduct(shape, rows, /*isStatic=*/false);
}

TEST(CodeProduct, MmaOfFp8) {
  for (const Product &shape : floats)
    for (int64_t rows : {7, 33})
      checkProduct(shape, rows, /*isStatic=*/false, "sm_89");
}

/// The codes and scales of rows and groups are those of the runtime's arithmetic.
TEST(Quantize, RowsAsTheHostComputesThem) {
  constexpr int64_t rows = 5;
  const std::pair<Side, int64_t> cases[] = {
      {{"int8"}, 8},           {{"int8"}, 100},
      {{"int8"}, 2050},        {{"int8"}, 5632},
      {{"int8", 32}, 96},      {{"int8", 32, false, "ggml"}, 5632},
      {{"int8", 48}, 144},     {{"int8", 256, false, "torchao"}, 512},
      {{"fp8_e4m3"}, 100},     {{"fp8_e5m2", 0, false, "modelopt"}, 2050},
      {{"fp8_e4m3", 128}, 256}};
  for (const auto &[side, columns] : cases) {
    SCOPED_TRACE(fmt::format("{} group {} {} {}", side.type, side.group, side.preset, columns));
    int64_t groups = side.groups(columns), group = columns / groups;
    Scheme scheme = side.scheme();
    PtxKernels kernels(fmt::format(R"(
func.func @f.ptx(%x: tensor<?x{0}xf32>) -> tensor<?x{0}xi8> attributes {{kernel.target = "ptx"}} {{
  %y, %s = kernel.quantize %x {{offsets = array<i64: 0>, scheme = {1}}} : tensor<?x{0}xf32> -> tensor<?x{0}xi8>, tensor<?x{2}xf32> {{
  ^bb0(%a: f32):
    kernel.yield %a : f32
  }}
  return %y : tensor<?x{0}xi8>
}}
)",
                                   columns, schemeText(side), groups));
    emulator::KernelRun &device = kernels.device();
    Normal random(5);
    Rows x(rows, columns, false, &random), scales(rows, groups, false);
    for (int64_t column = 0; column < columns; ++column)
      x.at(2, column) = 0; // a row without magnitude
    int64_t stride = roundUp(columns, 32);
    uint64_t codesAt = device.upload(std::vector<uint8_t>(rows * stride, 99));
    uint64_t scalesAt = scales.upload(device, NAN);
    kernels.launch("kernel.quantize", {x.upload(device, NAN), codesAt, scalesAt, uint64_t(rows)},
                   rows);
    scales.download(device, scalesAt);
    std::vector<uint8_t> codes = device.download<uint8_t>(codesAt, rows * stride);
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t first = 0; first < columns; first += group) {
        std::vector<float> values(group);
        for (int64_t i = 0; i < group; ++i)
          values[i] = float(x.at(row, first + i));
        size_t nonFinite;
        BlockParameters parameters = chooseParameters(scheme, rangeOf(values, nonFinite));
        ASSERT_EQ(float(scales.at(row, first / group)), parameters.scale) << row << ", " << first;
        std::vector<uint8_t> wanted(group);
        encode(scheme, parameters, values, wanted);
        for (int64_t i = 0; i < group; ++i)
          ASSERT_EQ(codes[row * stride + first + i], wanted[i]) << row << ", " << first + i;
      }
  }
}
