//===- MatmulTest.cpp - products against float64 -----------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/unit/lowering/KernelTestSupport.h"
#include <cmath>
#include <fmt/format.h>

using namespace qopt;
using namespace qopt::test;

namespace {

struct Shape {
  int64_t n, k; ///< rows and columns of the weight
  std::string type;
  int64_t ways = 1;

  int64_t columns() const { return n / ways; }
  int64_t panels() const { return (columns() * ways + 31) / 32; }
};

/// A product whose epilogue is given as text. `extras` are types; %w's are weights.
std::string productText(const Shape &shape, const std::string &rows, const std::string &extras,
                        const std::string &region, const std::string &config = "") {
  std::string function = fmt::format(R"(
    llm.param @w : tensor<{0}x{1}x32x{2}>
    llm.param @bias : tensor<{0}x32x{2}>
    func.func @f(%x: tensor<{3}x{1}xf32>, %residual: tensor<{3}x{4}xf32>)
        attributes {{kernel.target = "cpu"}} {{
      %w = llm.get @w : tensor<{0}x{1}x32x{2}>
      %bias = llm.get @bias : tensor<{0}x32x{2}>
      %y = kernel.matmul %x, %w ways {5} {6} {{columns = {4}, kernel = "product"{8}}}
          : tensor<{3}x{1}xf32>, tensor<{0}x{1}x32x{2}> -> tensor<{3}x{4}xf32> {{
      {7}
      }}
      return
    }})",
                                     shape.panels(), shape.k, shape.type, rows, shape.columns(),
                                     shape.ways, extras, region, config);
  return function;
}

const char *kPlain = "^bb0(%a: f32):\n kernel.yield %a : f32";

class MatmulTest : public CpuLevels {
protected:
  /// Products of a weight and rows, and what each sum may err by.
  struct Sums {
    std::vector<double> values, bounds;
  };
  Sums reference(const Buffer<float> &x, const Weight &weight, const Shape &shape, int64_t rows) {
    Sums sums;
    for (int64_t t = 0; t < rows; ++t)
      for (int64_t n = 0; n < shape.n; ++n) {
        double sum = 0, magnitude = 0;
        for (int64_t k = 0; k < shape.k; ++k) {
          double term = double(x[t * strideOf(shape.k) + k]) * weight.values[n * shape.k + k];
          sum += term;
          magnitude += std::abs(term);
        }
        sums.values.push_back(sum);
        sums.bounds.push_back(magnitude * 0x1p-24 * std::sqrt(double(shape.k)) * 4 + 1e-7);
      }
    return sums;
  }
};

TEST_P(MatmulTest, AgreesWithFloat64AtOddSizes) {
  for (const Shape &shape : {Shape{1021, 172, "bf16"}, Shape{64, 64, "f16"}, Shape{100, 60, "f32"},
                             Shape{33, 7, "bf16"}, Shape{96, 1030, "bf16"}}) {
    CompiledKernels kernels(productText(shape, "?", "", kPlain), GetParam());
    Random random(1);
    Weight weight = Weight::packed(random, shape.type, shape.n, shape.k);
    for (int64_t rows : {1, 3, 7, 25, 33}) {
      Buffer<float> x = random.activation(rows, shape.k);
      Buffer<float> y(rows * strideOf(shape.n));
      kernels.run("product", {x.address(), weight.storage.address(), y.address(), uint64_t(rows)},
                  rows);
      Sums expected = reference(x, weight, shape, rows);
      for (int64_t t = 0; t < rows; ++t)
        for (int64_t n = 0; n < shape.n; ++n)
          ASSERT_NEAR(y[t * strideOf(shape.n) + n], expected.values[t * shape.n + n],
                      expected.bounds[t * shape.n + n])
              << shape.n << "x" << shape.k << " " << shape.type << " rows " << rows << " at " << t
              << "," << n;
    }
  }
}

TEST_P(MatmulTest, AddsBiasAndResidual) {
  Shape shape = {1021, 60, "bf16"};
  std::string extras = "extras(%bias, %residual : tensor<32x32xbf16>, tensor<?x1021xf32>)";
  CompiledKernels kernels(productText(shape, "?", extras, R"(
      ^bb0(%a: f32, %b: f32, %r: f32):
        %0 = arith.addf %a, %b : f32
        %1 = arith.addf %0, %r : f32
        kernel.yield %1 : f32)"),
                          GetParam());
  Random random(2);
  Weight weight = Weight::packed(random, "bf16", shape.n, shape.k);
  Weight bias = Weight::packed(random, "bf16", shape.n, 1);
  for (int64_t rows : {1, 5}) {
    Buffer<float> x = random.activation(rows, shape.k), y = random.activation(rows, shape.n);
    Buffer<float> residual(y.size());
    std::copy_n(y.data(), y.size(), residual.data());
    // In place: the result overwrites the residual.
    kernels.run("product",
                {x.address(), weight.storage.address(), bias.storage.address(), y.address(),
                 y.address(), uint64_t(rows)},
                rows);
    Sums sums = reference(x, weight, shape, rows);
    for (int64_t t = 0; t < rows; ++t)
      for (int64_t n = 0; n < shape.n; ++n)
        ASSERT_NEAR(y[t * 1024 + n],
                    sums.values[t * shape.n + n] + bias.values[n] + residual[t * 1024 + n],
                    sums.bounds[t * shape.n + n] + 1e-6);
  }
}

TEST_P(MatmulTest, JoinsGateAndUp) {
  for (int64_t half : {88, 172}) {
    Shape shape = {2 * half, 64, "bf16", 2};
    CompiledKernels kernels(productText(shape, "?", "", R"(
      ^bb0(%gate: f32, %up: f32):
        %one = arith.constant 1.0 : f32
        %n = arith.negf %gate : f32
        %e = math.exp %n : f32
        %d = arith.addf %one, %e : f32
        %s = arith.divf %gate, %d : f32
        %r = arith.mulf %s, %up : f32
        kernel.yield %r : f32)"),
                            GetParam());
    Random random(3);
    Weight weight = Weight::packed(random, "bf16", shape.n, shape.k, 2);
    for (int64_t rows : {1, 4, 40}) {
      Buffer<float> x = random.activation(rows, shape.k), y(rows * strideOf(half));
      kernels.run("product", {x.address(), weight.storage.address(), y.address(), uint64_t(rows)},
                  rows);
      Sums sums = reference(x, weight, shape, rows);
      for (int64_t t = 0; t < rows; ++t)
        for (int64_t n = 0; n < half; ++n) {
          double gate = sums.values[t * shape.n + n], up = sums.values[t * shape.n + half + n];
          ASSERT_NEAR(y[t * strideOf(half) + n], gate / (1 + std::exp(-gate)) * up, 2e-5);
        }
    }
  }
}

TEST_P(MatmulTest, RowsDoNotDependOnTheirBatch) {
  Shape shape = {1021, 604, "bf16"};
  CompiledKernels kernels(productText(shape, "?", "", kPlain), GetParam());
  CompiledKernels oneRow(productText(shape, "1", "", kPlain), GetParam());
  CompiledKernels cutDifferently(
      productText(shape, "?", "", kPlain,
                  ", config = {panels = 3, rows = 20, k_block = 48, direct_rows = 1}"),
      GetParam());
  Random random(4);
  Weight weight = Weight::packed(random, "bf16", shape.n, shape.k);
  const int64_t most = 61, stride = strideOf(shape.n);
  Buffer<float> x = random.activation(most, shape.k);
  auto product = [&](CompiledKernels &kernels, int64_t first, int64_t rows, int64_t chunk,
                     bool reversed) {
    Buffer<float> y(rows * stride);
    kernels.run("product",
                {x.address() + first * strideOf(shape.k) * sizeof(float), weight.storage.address(),
                 y.address(), uint64_t(rows)},
                rows, 1, chunk, reversed);
    return y;
  };
  Buffer<float> all = product(kernels, 0, most, 1 << 20, false);
  auto expectSame = [&](const Buffer<float> &some, int64_t first, int64_t rows) {
    for (int64_t t = 0; t < rows; ++t)
      for (int64_t n = 0; n < shape.n; ++n)
        ASSERT_EQ(some[t * stride + n], all[(first + t) * stride + n]) << rows << " rows";
  };
  for (int64_t rows : {1, 2, 3, 7, 12, 13, 24, 25})
    expectSame(product(kernels, 17, rows, 1 << 20, false), 17, rows);
  expectSame(product(oneRow, 9, 1, 1, false), 9, 1);
  expectSame(product(kernels, 0, most, 1, true), 0, most);
  expectSame(product(cutDifferently, 0, most, 2, true), 0, most);
}

TEST(MatmulLevelsTest, LevelsAgreeBitForBit) {
  for (cpu::CpuLevel level : cpu::kCpuLevels)
    if (!machineHas(level))
      GTEST_SKIP() << "skipped: this machine lacks a level";
  Shape shape = {352, 200, "bf16"};
  CompiledKernels avx512(productText(shape, "?", "", kPlain), cpu::CpuLevel::Avx512);
  CompiledKernels avx2(productText(shape, "?", "", kPlain), cpu::CpuLevel::Avx2);
  Random random(5);
  Weight weight = Weight::packed(random, "bf16", shape.n, shape.k);
  for (int64_t rows : {1, 10, 50}) {
    Buffer<float> x = random.activation(rows, shape.k);
    Buffer<float> wide(rows * strideOf(shape.n)), narrow(rows * strideOf(shape.n));
    for (auto [kernels, y] : {std::pair(&avx512, &wide), std::pair(&avx2, &narrow)})
      kernels->run("product", {x.address(), weight.storage.address(), y->address(), uint64_t(rows)},
                   rows);
    EXPECT_EQ(wide, narrow) << rows;
  }
}

} // namespace

INSTANTIATE_CPU_LEVELS(MatmulTest);
