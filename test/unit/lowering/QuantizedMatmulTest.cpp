//===- QuantizedMatmulTest.cpp - products with codes against float64 ---------===//
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

/// A scheme and the shape [n, k] of a weight.
struct Case {
  std::string storage;
  int64_t n, k;
  int64_t group = 0; ///< 0: one scale a row
  std::string zero = "symmetric";
  bool isUnsigned = false;

  bool isPairs() const { return storage == "int4" || storage == "fp4_e2m1"; }
  bool hasZeros() const { return zero != "symmetric"; }
  int64_t groups() const { return group ? k / group : 1; }
  int64_t panels() const { return (n + 31) / 32; }
  int64_t depth() const { return isPairs() ? (k + 1) / 2 : k; }
  std::string name() const {
    return fmt::format("{} {}x{} group {} {}", storage, n, k, group, zero);
  }
};

std::string kernelText(const Case &c) {
  std::string block = c.group ? fmt::format("block = [1, {}], ", c.group) : "";
  std::string range = c.isUnsigned ? "[0, 15]" : c.storage == "int8" ? "[-128, 127]" : "[-8, 7]";
  std::string scales = fmt::format("tensor<{}x{}x32xf32>", c.panels(), c.groups());
  std::string text = fmt::format(
      "#s = #q.scheme<storage = {}, granularity = {}, {}zero = {}, divisor = 7.0 : f64, "
      "range = {}, rounding = half_even, arithmetic = divide, scale = f32, "
      "min_amax = 0.0 : f64, min_scale = 0.0 : f64>\n",
      c.storage, c.group ? "group" : "row", block, c.zero, range);
  return text +
         fmt::format(R"(
    llm.param @c : tensor<{0}x{1}x32xi8>
    llm.param @s : {2}
    func.func @f(%x: tensor<?x{3}xf32>, %ids: tensor<?xi32>) attributes {{kernel.target = "cpu"}} {{
      %c = llm.get @c : tensor<{0}x{1}x32xi8>
      %s = llm.get @s : {2}
      %y = kernel.matmul %x, %c scales({4}) ways 1 {{columns = {5}, kernel = "product", weight_scheme = #s}}
          : tensor<?x{3}xf32>, tensor<{0}x{1}x32xi8> -> tensor<?x{5}xf32> {{
      ^bb0(%a: f32):
        kernel.yield %a : f32
      }}
      %r = kernel.gather %c scales({4}) at %ids {{kernel = "rows", table_scheme = #s}}
          : tensor<{0}x{1}x32xi8>, tensor<?xi32> -> tensor<?x{3}xf32>
      return
    }})",
                     c.panels(), c.depth(), scales, c.k,
                     c.hasZeros() ? fmt::format("%s, %s : {0}, {0}", scales) : "%s : " + scales,
                     c.n);
}

/// An IEEE-like float: sign, exponent, `mantissa` bits.
double floatValue(int code, int bits, int mantissa, int bias) {
  int magnitude = code & ((1 << (bits - 1)) - 1), exponent = magnitude >> mantissa;
  double fraction = double(magnitude & ((1 << mantissa) - 1)) / double(1 << mantissa);
  double value =
      exponent == 0 ? std::ldexp(fraction, 1 - bias) : std::ldexp(1 + fraction, exponent - bias);
  return code >> (bits - 1) ? -value : value;
}

double valueOf(const Case &c, int code) {
  if (c.storage == "fp8_e4m3")
    return floatValue(code, 8, 3, 7);
  if (c.storage == "fp8_e5m2")
    return floatValue(code, 8, 2, 15);
  if (c.storage == "fp4_e2m1")
    return floatValue(code, 4, 1, 1);
  if (c.isUnsigned)
    return code;
  return c.storage == "int8" ? int8_t(code) : (code ^ 8) - 8;
}

/// Random codes, scales and zeros in panels, and what they stand for, [n, k].
struct Codes {
  std::vector<double> values;
  Buffer<uint8_t> codes;
  Buffer<float> scales, zeros;

  Codes(const Case &c, Random &random)
      : values(c.n * c.k), codes(c.panels() * c.depth() * 32), scales(c.panels() * c.groups() * 32),
        zeros(scales.size()) {
    for (size_t i = 0; i < scales.size(); ++i) {
      scales[i] = 0.01f + std::fabs(random.next());
      zeros[i] = c.zero == "integer_zero" ? std::round(random.next() * 100) : random.next();
    }
    for (int64_t row = 0; row < c.n; ++row)
      for (int64_t k = 0; k < c.k; ++k)
        set(c, row, k, random);
  }

private:
  void set(const Case &c, int64_t row, int64_t k, Random &random) {
    int code = int((random.next() + 1) * (c.isPairs() ? 8 : 128)) & (c.isPairs() ? 15 : 255);
    // No NaN, no infinity.
    if (c.storage == "fp8_e4m3" && (code & 0x7f) == 0x7f)
      code ^= 1;
    if (c.storage == "fp8_e5m2" && (code & 0x7c) == 0x7c)
      code ^= 0x40;
    int64_t panel = row / 32, lane = row % 32;
    if (c.isPairs())
      codes[(panel * c.depth() + k / 2) * 32 + lane] |= uint8_t(code << (k % 2 * 4));
    else
      codes[(panel * c.depth() + k) * 32 + lane] = uint8_t(code);
    int64_t group = c.group ? k / c.group : 0;
    int64_t parameter = (panel * c.groups() + group) * 32 + lane;
    double value = valueOf(c, code), scale = scales[parameter], zero = zeros[parameter];
    values[row * c.k + k] = c.zero == "integer_zero" ? (value - zero) * scale
                            : c.zero == "minimum"    ? value * scale + zero
                                                     : value * scale;
  }
};

// No size is a multiple of anything; the tail of the vocabulary of 1021 is 29 columns of a panel.
const Case kCases[] = {{"int8", 1021, 172},
                       {"int8", 33, 7},
                       {"int8", 100, 60, 5},
                       {"int8", 64, 1040, 104, "integer_zero"},
                       {"int8", 40, 1100, 550},
                       {"int4", 64, 171},
                       {"int4", 1021, 70, 14, "minimum", true},
                       {"int4", 96, 1040, 26},
                       {"fp8_e4m3", 70, 91, 13},
                       {"fp8_e4m3", 70, 182},
                       {"fp8_e5m2", 45, 96, 32},
                       {"fp4_e2m1", 45, 96, 16},
                       {"fp4_e2m1", 45, 98}};

class QuantizedMatmulTest : public CpuLevels {};

TEST_P(QuantizedMatmulTest, AgreesWithFloat64AtOddSizes) {
  for (const Case &c : kCases) {
    CompiledKernels kernels(kernelText(c), GetParam());
    Random random(1);
    Codes weight(c, random);
    int64_t stride = strideOf(c.n);
    for (int64_t rows : {1, 3, 25, 33}) {
      Buffer<float> x = random.activation(rows, c.k);
      auto multiply = [&](int64_t first, int64_t count) {
        Buffer<float> y(count * stride);
        CompiledKernels::Arguments arguments = {x.address() +
                                                    uint64_t(first * strideOf(c.k)) * sizeof(float),
                                                weight.codes.address(), weight.scales.address()};
        if (c.hasZeros())
          arguments.push_back(weight.zeros.address());
        arguments.insert(arguments.end(), {y.address(), uint64_t(count)});
        kernels.run("product", arguments, count);
        return y;
      };
      Buffer<float> y = multiply(0, rows), last = multiply(rows - 1, 1);
      for (int64_t t = 0; t < rows; ++t)
        for (int64_t n = 0; n < c.n; ++n) {
          double sum = 0, magnitude = 0;
          for (int64_t k = 0; k < c.k; ++k) {
            double term = double(x[t * strideOf(c.k) + k]) * weight.values[n * c.k + k];
            sum += term;
            magnitude += std::abs(term);
          }
          ASSERT_NEAR(y[t * stride + n], sum,
                      magnitude * 0x1p-24 * std::sqrt(double(c.k)) * 4 + 1e-7)
              << c.name() << " rows " << rows << " at " << t << "," << n;
        }
      // A row's result does not depend on the rows beside it.
      EXPECT_EQ(std::memcmp(&y[(rows - 1) * stride], last.data(), size_t(c.n) * sizeof(float)), 0)
          << c.name() << " rows " << rows;
    }
  }
}

TEST_P(QuantizedMatmulTest, GathersDequantizedRows) {
  for (const Case &c : kCases) {
    CompiledKernels kernels(kernelText(c), GetParam());
    Random random(2);
    Codes table(c, random);
    Buffer<int32_t> ids(3);
    ids[0] = int32_t(c.n - 1);
    ids[2] = int32_t(c.n / 2);
    Buffer<float> y(3 * strideOf(c.k));
    CompiledKernels::Arguments arguments = {table.codes.address(), table.scales.address()};
    if (c.hasZeros())
      arguments.push_back(table.zeros.address());
    arguments.insert(arguments.end(), {ids.address(), y.address(), 3});
    kernels.run("rows", arguments, 3);
    for (int64_t t = 0; t < 3; ++t)
      for (int64_t k = 0; k < c.k; ++k) {
        double value = table.values[ids[t] * c.k + k];
        ASSERT_NEAR(y[t * strideOf(c.k) + k], value, std::abs(value) * 0x1p-22 + 1e-6)
            << c.name() << " at " << t << "," << k;
      }
  }
}

INSTANTIATE_CPU_LEVELS(QuantizedMatmulTest);

} // namespace
