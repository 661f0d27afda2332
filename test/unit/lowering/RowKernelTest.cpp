//===- RowKernelTest.cpp - gather, norm and map against float64 --------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/unit/lowering/KernelTestSupport.h"
#include <cmath>
#include <fmt/format.h>
#include <limits>

using namespace qopt;
using namespace qopt::test;

namespace {

class RowKernelTest : public CpuLevels {};

TEST_P(RowKernelTest, GathersPlainPackedAndActivations) {
  constexpr int64_t kVocabulary = 1021, kColumns = 60;
  for (std::string type : {"bf16", "f16", "f32"}) {
    CompiledKernels kernels(fmt::format(R"(
      llm.param @plain : tensor<1021x60x{0}>
      llm.param @packed : tensor<32x60x32x{0}>
      func.func @f(%ids: tensor<?xi32>, %hidden: tensor<?x60xf32>)
          attributes {{kernel.target = "cpu"}} {{
        %plain = llm.get @plain : tensor<1021x60x{0}>
        %packed = llm.get @packed : tensor<32x60x32x{0}>
        %0 = kernel.gather %plain at %ids {{kernel = "plain"}}
            : tensor<1021x60x{0}>, tensor<?xi32> -> tensor<?x60xf32>
        %1 = kernel.gather %packed at %ids {{kernel = "packed"}}
            : tensor<32x60x32x{0}>, tensor<?xi32> -> tensor<?x60xf32>
        %2 = kernel.gather %plain {{kernel = "positions"}} : tensor<1021x60x{0}> -> tensor<?x60xf32>
        %3 = kernel.gather %hidden at %ids {{kernel = "activation"}}
            : tensor<?x60xf32>, tensor<?xi32> -> tensor<?x60xf32>
        return
      }})",
                                        type),
                            GetParam());
    Random random(1);
    Weight plain = Weight::plain(random, type, kVocabulary * kColumns);
    Weight packed = Weight::packed(random, type, kVocabulary, kColumns);
    Buffer<float> hidden = random.activation(kVocabulary, kColumns);
    for (int64_t rows : {1, 3, 33}) {
      Buffer<int32_t> ids(rows);
      for (int64_t t = 0; t < rows; ++t)
        ids[t] = t == 0 ? kVocabulary - 1 : t * 397 % kVocabulary;
      auto gather = [&](const char *kernel, uint64_t table) {
        Buffer<float> y(rows * 64);
        kernels.run(kernel, {table, ids.address(), y.address(), uint64_t(rows)}, rows, 1, 2);
        return y;
      };
      Buffer<float> fromPlain = gather("plain", plain.storage.address()),
                    fromPositions = gather("positions", plain.storage.address()),
                    fromPacked = gather("packed", packed.storage.address()),
                    fromActivation = gather("activation", hidden.address());
      for (int64_t t = 0; t < rows; ++t)
        for (int64_t j = 0; j < kColumns; ++j) {
          ASSERT_EQ(fromPlain[t * 64 + j], plain.values[ids[t] * kColumns + j]);
          ASSERT_EQ(fromPositions[t * 64 + j], plain.values[ids[t] * kColumns + j]);
          ASSERT_EQ(fromPacked[t * 64 + j], packed.values[ids[t] * kColumns + j]);
          ASSERT_EQ(fromActivation[t * 64 + j], hidden[ids[t] * 64 + j]);
        }
    }
  }
}

/// One row of a norm in float64.
std::vector<double> normalize(const std::vector<double> &x, const Weight &weight,
                              const Weight *bias, double eps) {
  double count = double(x.size()), mean = 0, variance = 0;
  if (bias)
    for (double value : x)
      mean += value / count;
  for (double value : x)
    variance += (value - mean) * (value - mean) / count;
  std::vector<double> result;
  for (size_t j = 0; j < x.size(); ++j)
    result.push_back((x[j] - mean) / std::sqrt(variance + eps) * weight.values[j] +
                     (bias ? bias->values[j] : 0));
  return result;
}

TEST_P(RowKernelTest, NormsAgreeWithFloat64) {
  for (int64_t columns : {60, 64, 172, 2048}) {
    CompiledKernels kernels(fmt::format(R"(
      llm.param @w : tensor<{0}xbf16>
      llm.param @b : tensor<{0}xf32>
      func.func @f(%x: tensor<?x{0}xf32>, %r: tensor<?x{0}xf32>)
          attributes {{kernel.target = "cpu"}} {{
        %w = llm.get @w : tensor<{0}xbf16>
        %b = llm.get @b : tensor<{0}xf32>
        %0 = kernel.norm rms %x, %w {{eps = 1.0e-5, kernel = "rms"}}
            : tensor<?x{0}xf32>, tensor<{0}xbf16> -> tensor<?x{0}xf32>
        %1:2 = kernel.norm layer %x plus %r : tensor<?x{0}xf32>, %w bias %b : tensor<{0}xf32>
            {{eps = 1.0e-5, kernel = "layer"}} : tensor<?x{0}xf32>, tensor<{0}xbf16>
            -> tensor<?x{0}xf32>, tensor<?x{0}xf32>
        return
      }})",
                                        columns),
                            GetParam());
    Random random(2);
    Weight weight = Weight::plain(random, "bf16", columns);
    Weight bias = Weight::plain(random, "f32", columns);
    int64_t stride = strideOf(columns);
    for (int64_t rows : {1, 3, 33}) {
      Buffer<float> x = random.activation(rows, columns), r = random.activation(rows, columns);
      // Far from zero, so that a variance from sums of squares would cancel.
      for (int64_t i = 0; i < rows * stride; ++i)
        x[i] += 100;
      Buffer<float> rms(rows * stride), layer(rows * stride), sum(rows * stride);
      kernels.run("rms", {x.address(), weight.storage.address(), rms.address(), uint64_t(rows)},
                  rows, 1, 3, true);
      // In place: the sum overwrites the residual.
      std::copy_n(r.data(), r.size(), sum.data());
      kernels.run("layer",
                  {x.address(), sum.address(), weight.storage.address(), bias.storage.address(),
                   sum.address(), layer.address(), uint64_t(rows)},
                  rows);
      for (int64_t t = 0; t < rows; ++t) {
        std::vector<double> row, added;
        for (int64_t j = 0; j < columns; ++j) {
          row.push_back(x[t * stride + j]);
          ASSERT_EQ(sum[t * stride + j], x[t * stride + j] + r[t * stride + j]);
          added.push_back(sum[t * stride + j]);
        }
        std::vector<double> expected = normalize(row, weight, nullptr, 1e-5);
        std::vector<double> expectedLayer = normalize(added, weight, &bias, 1e-5);
        for (int64_t j = 0; j < columns; ++j) {
          ASSERT_NEAR(rms[t * stride + j], expected[j], 5e-7);
          ASSERT_NEAR(layer[t * stride + j], expectedLayer[j], 5e-5);
        }
      }
    }
  }
}

TEST_P(RowKernelTest, MapsReadSlices) {
  CompiledKernels kernels(R"(
    func.func @f(%x: tensor<?x172xf32>, %y: tensor<?x86xf32>)
        attributes {kernel.target = "cpu"} {
      %0 = kernel.map %x, %x, %y {offsets = array<i64: 0, 86, 0>, kernel = "map"}
          : tensor<?x172xf32>, tensor<?x172xf32>, tensor<?x86xf32> -> tensor<?x86xf32> {
      ^bb0(%a: f32, %b: f32, %c: f32):
        %0 = arith.mulf %a, %b : f32
        %1 = arith.subf %0, %c : f32
        kernel.yield %1 : f32
      }
      return
    })",
                          GetParam());
  Random random(3);
  constexpr int64_t kRows = 33;
  Buffer<float> x = random.activation(kRows, 172), y = random.activation(kRows, 86);
  Buffer<float> result(kRows * 96);
  kernels.run("map", {x.address(), x.address(), y.address(), result.address(), uint64_t(kRows)},
              kRows, 1, 1, true);
  for (int64_t t = 0; t < kRows; ++t)
    for (int64_t j = 0; j < 86; ++j)
      ASSERT_EQ(result[t * 96 + j], x[t * 192 + j] * x[t * 192 + 86 + j] - y[t * 96 + j]);
}

//===----------------------------------------------------------------------===//
// Elementary functions
//===----------------------------------------------------------------------===//

/// `value` against the exact result, in units of the last place of an f32 (of the smallest normal
/// number, for denormals).
double ulpsFrom(float value, double exact) {
  int exponent = std::max(std::ilogb(std::max(std::abs(exact), 1e-300)), -126);
  return std::abs(value - exact) / std::ldexp(1.0, exponent - 23);
}

class FunctionTest : public CpuLevels {
protected:
  /// Values of a function of math at `count` points from `low` to `high`.
  void expectUlps(const std::string &op, double (*exact)(double), double low, double high,
                  double ulps) {
    constexpr int64_t kCount = 1 << 16;
    Buffer<float> x(kCount);
    for (int64_t i = 0; i < kCount; ++i)
      x[i] = float(low + (high - low) * double(i) / double(kCount - 1));
    Buffer<float> y = evaluate(op, x);
    double worst = 0;
    for (int64_t i = 0; i < kCount; ++i)
      worst = std::max(worst, ulpsFrom(y[i], exact(x[i])));
    EXPECT_LE(worst, ulps) << op << " from " << low << " to " << high;
  }

  Buffer<float> evaluate(const std::string &op, const Buffer<float> &x) {
    CompiledKernels kernels(fmt::format(R"(
      func.func @f(%x: tensor<?x{1}xf32>) attributes {{kernel.target = "cpu"}} {{
        %0 = kernel.map %x {{offsets = array<i64: 0>, kernel = "map"}}
            : tensor<?x{1}xf32> -> tensor<?x{1}xf32> {{
        ^bb0(%a: f32):
          %0 = {0} %a : f32
          kernel.yield %0 : f32
        }}
        return
      }})",
                                        op, x.size()),
                            GetParam());
    Buffer<float> y(strideOf(x.size()));
    kernels.run("map", {x.address(), y.address(), 1}, 1);
    return y;
  }
};

TEST_P(FunctionTest, Exp) {
  expectUlps("math.exp", std::exp, -104, 88.72, 1.0);
  expectUlps("math.exp", std::exp, -1, 1, 1.0);
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  Buffer<float> x(8);
  std::copy_n(std::begin({0.0f, -kInfinity, kInfinity, 89.0f, -200.0f, 1e30f, -0.0f, NAN}), 8,
              x.data());
  Buffer<float> y = evaluate("math.exp", x);
  EXPECT_EQ(y[0], 1);
  EXPECT_EQ(y[1], 0);
  EXPECT_EQ(y[2], kInfinity);
  EXPECT_EQ(y[3], kInfinity);
  EXPECT_EQ(y[4], 0);
  EXPECT_EQ(y[5], kInfinity);
  EXPECT_EQ(y[6], 1);
  EXPECT_TRUE(std::isnan(y[7]));
}

TEST_P(FunctionTest, Tanh) {
  expectUlps("math.tanh", std::tanh, -1, 1, 2.0);
  expectUlps("math.tanh", std::tanh, -20, 20, 2.0);
}

TEST_P(FunctionTest, Erf) {
  expectUlps("math.erf", std::erf, -1.5, 1.5, 2.0);
  expectUlps("math.erf", std::erf, -100, 100, 2.0);
}

TEST_P(FunctionTest, Rsqrt) {
  expectUlps("math.rsqrt", [](double x) { return 1 / std::sqrt(x); }, 0.01, 100, 2.0);
}

} // namespace

INSTANTIATE_CPU_LEVELS(RowKernelTest);
INSTANTIATE_CPU_LEVELS(FunctionTest);
