//===- IntegerProductTest.cpp - int8 activations --------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/unit/lowering-gpu/PtxKernels.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace qopt;
using namespace qopt::test;

namespace {

constexpr const char *schemes = R"(
#w = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 127.0 : f64, range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32, min_amax = 0.0 : f64, min_scale = 0.0 : f64>
#x = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 127.0 : f64, range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32, min_amax = 0.0 : f64, min_scale = 0.0 : f64>
)";

struct Product {
  int64_t depth, columns, ways;
};

std::string productText(const Product &shape, const std::string &rows) {
  int64_t width = 32 / shape.ways, panels = (shape.columns + width - 1) / width;
  std::string x = fmt::format("tensor<{}x{}xi8>", rows, shape.depth);
  std::string xs = fmt::format("tensor<{}x1xf32>", rows);
  std::string y = fmt::format("tensor<{}x{}xf32>", rows, shape.columns);
  std::string w = fmt::format("tensor<{}x{}x32xi8>", panels, shape.depth);
  std::string s = fmt::format("tensor<{}x1x32xf32>", panels);
  std::string body = shape.ways == 2 ? R"(  ^bb0(%a: f32, %b: f32):
    %p = arith.addf %a, %b : f32
    kernel.yield %p : f32)"
                                     : R"(  ^bb0(%a: f32):
    kernel.yield %a : f32)";
  return schemes + fmt::format(R"(
llm.param @w : {3}
llm.param @s : {4}
func.func @f.ptx(%x: {0}, %xs: {1}) -> {2} attributes {{kernel.target = "ptx"}} {{
  %w = llm.get @w : {3}
  %s = llm.get @s : {4}
  %y = kernel.matmul %x scaled %xs : {1}, %w scales(%s : {4}) ways {5} {{columns = {6}, weight_scheme = #w, x_scheme = #x}} : {0}, {3} -> {2} {{
{7}
  }}
  return %y : {2}
}}
)",
                               x, xs, y, w, s, shape.ways, shape.columns, body);
}

std::vector<int8_t> randomCodes(Normal &random, int64_t rows, int64_t columns, int8_t padding) {
  int64_t stride = roundUp(columns, 32);
  std::vector<int8_t> codes(rows * stride, padding);
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t column = 0; column < columns; ++column)
      codes[row * stride + column] = int8_t(int64_t(random.engine() % 255) - 127);
  return codes;
}

/// Sums of integers are exact, so only the scales round.
void checkProduct(const Product &shape, int64_t rows, bool isStatic) {
  SCOPED_TRACE(fmt::format("depth {} rows {}", shape.depth, rows));
  PtxKernels kernels(productText(shape, isStatic ? std::to_string(rows) : "?"));
  emulator::KernelRun &device = kernels.device();
  Normal random(3);
  int64_t stride = roundUp(shape.depth, 32), weightRows = shape.columns * shape.ways;
  std::vector<int8_t> x = randomCodes(random, rows, shape.depth, /*padding=*/77);
  std::vector<int8_t> w = randomCodes(random, weightRows, shape.depth, 0);
  Rows xScales(rows, 1, false, &random), y(rows, shape.columns, false);
  std::vector<float> scales(weightRows);
  for (float &scale : scales)
    scale = random.next();
  uint64_t resultAt = y.upload(device, NAN);
  emulator::Statistics counted =
      kernels.launch("kernel.matmul",
                     {device.upload(x), xScales.upload(device, NAN), device.upload(w),
                      device.upload(scales), resultAt, uint64_t(rows)},
                     rows);
  EXPECT_EQ(counted.bankConflicts, 0u);
  y.download(device, resultAt);
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t column = 0; column < shape.columns; ++column) {
      double wanted = 0, bound = 0;
      for (int64_t way = 0; way < shape.ways; ++way) {
        int64_t weightRow = column + way * shape.columns, sum = 0;
        for (int64_t k = 0; k < shape.depth; ++k)
          sum += int64_t(x[row * stride + k]) * w[weightRow * stride + k];
        double term = double(sum) * xScales.at(row, 0) * scales[weightRow];
        wanted += term;
        bound += std::abs(term);
      }
      ASSERT_NEAR(y.at(row, column), wanted, 3e-7 * bound) << row << ", " << column;
    }
}

} // namespace

TEST(IntegerProduct, Matvec) {
  for (const Product &shape : {Product{2048, 40, 1}, {100, 33, 1}, {256, 48, 2}, {51, 8, 1}}) {
    checkProduct(shape, 1, /*isStatic=*/true);
    checkProduct(shape, 3, /*isStatic=*/true);
  }
}

TEST(IntegerProduct, Mma) {
  for (const Product &shape : {Product{512, 130, 1}, {100, 33, 1}, {256, 48, 2}, {51, 8, 1}})
    for (int64_t rows : {1, 7, 33})
      checkProduct(shape, rows, /*isStatic=*/false);
}

/// The codes and scales of rows are those of the runtime's arithmetic.
TEST(Quantize, RowsAsTheHostComputesThem) {
  constexpr int64_t rows = 5;
  for (int64_t columns : {8, 100, 2050, 5632}) {
    PtxKernels kernels(schemes + fmt::format(R"(
func.func @f.ptx(%x: tensor<?x{0}xf32>) -> tensor<?x{0}xi8> attributes {{kernel.target = "ptx"}} {{
  %y, %s = kernel.quantize %x {{offsets = array<i64: 0>, scheme = #x}} : tensor<?x{0}xf32> -> tensor<?x{0}xi8>, tensor<?x1xf32> {{
  ^bb0(%a: f32):
    kernel.yield %a : f32
  }}
  return %y : tensor<?x{0}xi8>
}}
)",
                                             columns));
    emulator::KernelRun &device = kernels.device();
    Normal random(5);
    Rows x(rows, columns, false, &random), scales(rows, 1, false);
    for (int64_t column = 0; column < columns; ++column)
      x.at(2, column) = 0; // a row without magnitude
    int64_t stride = roundUp(columns, 32);
    uint64_t codesAt = device.upload(std::vector<int8_t>(rows * stride, 99));
    uint64_t scalesAt = scales.upload(device, NAN);
    kernels.launch("kernel.quantize", {x.upload(device, NAN), codesAt, scalesAt, uint64_t(rows)},
                   rows);
    scales.download(device, scalesAt);
    std::vector<int8_t> codes = device.download<int8_t>(codesAt, rows * stride);
    for (int64_t row = 0; row < rows; ++row) {
      float largest = 0;
      for (int64_t column = 0; column < columns; ++column)
        largest = std::max(largest, std::abs(float(x.at(row, column))));
      float scale = largest / 127;
      ASSERT_EQ(float(scales.at(row, 0)), scale) << row;
      for (int64_t column = 0; column < columns; ++column) {
        float code = scale == 0 ? 0 : std::nearbyint(float(x.at(row, column)) / scale);
        ASSERT_EQ(codes[row * stride + column], int(code)) << row << ", " << column;
      }
    }
  }
}
