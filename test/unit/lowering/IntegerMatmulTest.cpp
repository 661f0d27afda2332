//===- IntegerMatmulTest.cpp - products of codes against exact sums ----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/unit/lowering/CodesSupport.h"
#include <cmath>
#include <fmt/format.h>

using namespace qopt;
using namespace qopt::test;

namespace {

struct Product {
  int64_t n, k;
  SchemeText weight;
  const char *x = "row"; ///< granularity of the input's scales

  Scheme weightScheme() const { return parseScheme(weight); }
  Scheme xScheme() const { return parseScheme({"int8", x}); }
  int64_t xGroups() const {
    return xScheme().granularity == Granularity::Group ? k / xScheme().blockColumns : 1;
  }
  std::string name() const {
    return fmt::format("{}x{} {} by {}", n, k, describe(weightScheme()), x);
  }
};

std::string productText(const Product &product, const std::string &rows,
                        const std::string &config = "") {
  Scheme weight = product.weightScheme(), x = product.xScheme();
  bool is4Bit = weight.storage == Storage::Int4;
  bool hasZeros = weight.zeroPoint != ZeroPoint::None;
  int64_t panels = (product.n + 31) / 32, depth = is4Bit ? (product.k + 1) / 2 : product.k;
  int64_t groups = weight.granularity == Granularity::Group ? product.k / weight.blockColumns : 1;
  std::string scales = fmt::format("tensor<{}x{}x32xf32>", panels, groups);
  std::string xScales = x.granularity == Granularity::Tensor
                            ? "tensor<1x1xf32>"
                            : fmt::format("tensor<{}x{}xf32>", rows, product.xGroups());
  return fmt::format(R"(
    llm.param @w : tensor<{0}x{1}x32xi8>
    llm.param @s : {2}
    func.func @f(%x: tensor<{3}x{4}xi8>, %xs: {5}) attributes {{kernel.target = "cpu"}} {{
      %w = llm.get @w : tensor<{0}x{1}x32xi8>
      %s = llm.get @s : {2}
      %y = kernel.matmul %x scaled %xs : {5}, %w scales({6}) ways 1
          {{columns = {7}, kernel = "product", weight_scheme = {8}, x_scheme = {9}{10}}}
          : tensor<{3}x{4}xi8>, tensor<{0}x{1}x32xi8> -> tensor<{3}x{7}xf32> {{
      ^bb0(%a: f32):
        kernel.yield %a : f32
      }}
      return
    }})",
                     panels, depth, scales, rows, product.k, xScales,
                     hasZeros ? fmt::format("%s, %s : {0}, {0}", scales)
                              : fmt::format("%s : {}", scales),
                     product.n, schemeText(weight), schemeText(x), config);
}

/// Rows `first` to `first + rows` of the input.
Buffer<float> multiply(CompiledKernels &kernels, const WeightCodes &weight, const InputCodes &x,
                       int64_t first, int64_t rows, int64_t chunk = 1 << 20,
                       bool reversed = false) {
  Buffer<float> y(rows * strideOf(weight.n));
  uint64_t xScales = x.scales.address();
  if (!x.isShared)
    xScales += first * strideOf(x.groups) * sizeof(float);
  CompiledKernels::Arguments arguments = {x.codes.address() + first * strideOf(x.k), xScales,
                                          weight.packedCodes.address(),
                                          weight.packedScales.address()};
  if (weight.scheme.zeroPoint != ZeroPoint::None)
    arguments.push_back(weight.packedZeros.address());
  arguments.push_back(y.address());
  arguments.push_back(uint64_t(rows));
  kernels.run("product", arguments, rows, 1, chunk, reversed);
  return y;
}

/// One element in float64, and what rounding to f32 may make of it.
std::pair<double, double> reference(const WeightCodes &weight, const InputCodes &x, int64_t row,
                                    int64_t column) {
  double sum = 0, magnitude = 0;
  for (int64_t i = 0; i < x.k; ++i) {
    int64_t group = column * weight.groups + i / (x.k / weight.groups);
    double scale = weight.scales[group], zero = weight.zeros[group];
    double code = weight.codes[column * x.k + i];
    double value = weight.scheme.zeroPoint == ZeroPoint::None      ? scale * code
                   : weight.scheme.zeroPoint == ZeroPoint::Integer ? scale * (code - zero)
                                                                   : scale * code + zero;
    double term = value * x.codes[row * strideOf(x.k) + i] * x.scale(row, i / (x.k / x.groups));
    sum += term;
    magnitude += std::abs(term);
  }
  return {sum, magnitude * 0x1p-21 + 1e-9};
}

class IntegerMatmulTest : public CpuLevels {};

const Product kProducts[] = {
    {1021, 172, {"int8", "row"}},
    {33, 7, {"int8", "row"}},
    {64, 1, {"int8", "row"}},
    {40, 5642, {"int8", "row"}},
    {96, 61, {"int4", "row"}},
    {70, 128, {"int8", "row", true}},
    {70, 130, {"int8", "row", true, "torchao"}},
    {70, 130, {"int8", "row", false, "torchao"}, "tensor"},
    {100, 192, {"int8", "group:64"}},
    {100, 96, {"int8", "group:12"}},
    {352, 256, {"int4", "group:32"}},
    {352, 256, {"int4", "group:32"}, "group:32"},
    {96, 256, {"int4", "group:64"}, "group:32"},
    {96, 256, {"int4", "group:32"}, "group:128"},
    {96, 256, {"int4", "group:32", true}, "group:32"},
    {96, 256, {"int4", "group:128", true}},
    {96, 256, {"int8", "row"}, "group:32"},
    {96, 128, {"int8", "group:32", true, "torchao"}, "group:64"},
};

TEST_P(IntegerMatmulTest, AgreesWithExactSums) {
  for (const Product &product : kProducts) {
    CompiledKernels kernels(productText(product, "?"), GetParam());
    Random random(1);
    WeightCodes weight(random, product.weightScheme(), product.n, product.k);
    for (int64_t rows : {1, 3, 13, 29}) {
      InputCodes x(random, rows, product.k, product.xGroups(), std::string(product.x) == "tensor");
      Buffer<float> y = multiply(kernels, weight, x, 0, rows);
      for (int64_t t = 0; t < rows; ++t)
        for (int64_t n = 0; n < product.n; ++n) {
          auto [value, bound] = reference(weight, x, t, n);
          ASSERT_NEAR(y[t * strideOf(product.n) + n], value, bound)
              << product.name() << ", " << rows << " rows at " << t << "," << n;
        }
    }
  }
}

TEST_P(IntegerMatmulTest, RowsDoNotDependOnTheirBatch) {
  for (const Product &product : kProducts) {
    CompiledKernels kernels(productText(product, "?"), GetParam());
    CompiledKernels oneRow(productText(product, "1"), GetParam());
    CompiledKernels cutDifferently(productText(product, "?", ", config = {panels = 3, rows = 10}"),
                                   GetParam());
    Random random(2);
    constexpr int64_t kRows = 33;
    WeightCodes weight(random, product.weightScheme(), product.n, product.k);
    InputCodes x(random, kRows, product.k, product.xGroups(), std::string(product.x) == "tensor");
    Buffer<float> all = multiply(kernels, weight, x, 0, kRows);
    auto expectSame = [&](const Buffer<float> &some, int64_t first, int64_t rows) {
      for (int64_t t = 0; t < rows; ++t)
        for (int64_t n = 0; n < product.n; ++n)
          ASSERT_EQ(some[t * strideOf(product.n) + n], all[(first + t) * strideOf(product.n) + n])
              << product.name() << ", " << rows << " rows";
    };
    for (int64_t rows : {1, 2, 12, 13})
      expectSame(multiply(kernels, weight, x, 7, rows), 7, rows);
    expectSame(multiply(oneRow, weight, x, 9, 1, 1), 9, 1);
    expectSame(multiply(cutDifferently, weight, x, 0, kRows, 2, true), 0, kRows);
  }
}

TEST(IntegerMatmulLevelsTest, LevelsAgreeBitForBit) {
  for (cpu::CpuLevel level : cpu::kCpuLevels)
    if (!machineHas(level))
      GTEST_SKIP() << "skipped: this machine lacks a level";
  for (const Product &product : kProducts) {
    CompiledKernels avx512(productText(product, "?"), cpu::CpuLevel::Avx512);
    CompiledKernels avx2(productText(product, "?"), cpu::CpuLevel::Avx2);
    Random random(3);
    WeightCodes weight(random, product.weightScheme(), product.n, product.k);
    InputCodes x(random, 14, product.k, product.xGroups(), std::string(product.x) == "tensor");
    EXPECT_EQ(multiply(avx512, weight, x, 0, 14), multiply(avx2, weight, x, 0, 14))
        << product.name();
  }
}

/// The largest codes of either sign everywhere: no sum on the way may saturate.
TEST_P(IntegerMatmulTest, ExtremesDoNotSaturate) {
  Product product = {64, 4096, {"int8", "row", false, "torchao"}};
  CompiledKernels kernels(productText(product, "?"), GetParam());
  Random random(4);
  WeightCodes weight(random, product.weightScheme(), product.n, product.k);
  InputCodes x(random, 2, product.k, 1, false);
  for (int64_t i = 0; i < product.k; ++i) {
    x.codes[i] = -127;
    x.codes[strideOf(product.k) + i] = 127;
  }
  for (int8_t code : {-128, 127}) {
    std::fill_n(weight.packedCodes.data(), weight.packedCodes.size(), uint8_t(code));
    Buffer<float> y = multiply(kernels, weight, x, 0, 2);
    for (int64_t n = 0; n < product.n; ++n)
      for (int64_t t = 0; t < 2; ++t) {
        double sum = double(product.k) * code * (t == 0 ? -127 : 127);
        double value = sum * weight.scales[n] * x.scale(t, 0);
        ASSERT_NEAR(y[t * 64 + n], value, std::abs(value) * 0x1p-22);
      }
  }
}

} // namespace

INSTANTIATE_CPU_LEVELS(IntegerMatmulTest);
