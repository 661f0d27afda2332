//===- QuantizeTest.cpp - codes of activations against the codec -------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// runtime/quantization/BlockCodec.h is itself tested against the projects that it follows.

#include "runtime/quantization/BlockCodec.h"
#include "test/unit/lowering/CodesSupport.h"
#include <cmath>
#include <fmt/format.h>

using namespace qopt;
using namespace qopt::test;

namespace {

constexpr int64_t kRows = 19;

/// Rows with ties, zeros, denormals and a row of zeros alone.
Buffer<float> activation(Random &random, int64_t columns) {
  Buffer<float> x = random.activation(kRows, columns);
  for (int64_t j = 0; j < columns; ++j) {
    x[j] = 0;
    x[strideOf(columns) + j] = float(j % 255 - 127) / 2; // ties where 63.5 is the largest
    x[2 * strideOf(columns) + j] *= 0x1p-140f;
    x[3 * strideOf(columns) + j] *= j % 7 == 0 ? 1000 : 1;
  }
  return x;
}

/// Codes (as values), values and scales of all rows by the codec.
struct Expected {
  std::vector<uint8_t> codes;
  std::vector<float> values, scales;
};

Expected encodeRows(const Scheme &scheme, const Buffer<float> &x, int64_t columns) {
  Expected expected;
  int64_t size = scheme.granularity == Granularity::Group ? scheme.blockColumns : columns;
  ValueRange together;
  for (int64_t row = 0; row < kRows; ++row) {
    size_t bad;
    together.merge(rangeOf({x.data() + row * strideOf(columns), size_t(columns)}, bad));
  }
  for (int64_t row = 0; row < kRows; ++row)
    for (int64_t first = 0; first < columns; first += size) {
      std::span<const float> block(x.data() + row * strideOf(columns) + first, size_t(size));
      size_t bad;
      ValueRange range = scheme.granularity == Granularity::Tensor ? together : rangeOf(block, bad);
      BlockParameters parameters = chooseParameters(scheme, range);
      std::vector<uint8_t> codes(size);
      std::vector<float> values(size);
      encode(scheme, parameters, block, codes);
      decode(scheme, parameters, codes, values);
      expected.codes.insert(expected.codes.end(), codes.begin(), codes.end());
      expected.values.insert(expected.values.end(), values.begin(), values.end());
      expected.scales.push_back(parameters.scale);
    }
  return expected;
}

/// Kernels "codes" and "values" of what `region` makes of %x.
std::string quantizeText(const Scheme &scheme, int64_t columns, int64_t groups,
                         const std::string &region) {
  bool isInteger = scheme.isInteger(), isTensor = scheme.granularity == Granularity::Tensor;
  std::string codes =
      fmt::format(R"(
      %c, %s = kernel.quantize %x {{offsets = array<i64: 0>, scheme = {0}, kernel = "codes"}}
          : tensor<?x{1}xf32> -> tensor<?x{1}xi8>, tensor<{2}x{3}xf32> {{ {4} }})",
                  schemeText(scheme), columns, isTensor ? "1" : "?", groups, region);
  return fmt::format(R"(
    func.func @f(%x: tensor<?x{1}xf32>) attributes {{kernel.target = "cpu"}} {{
      {3}
      %v = kernel.quantize %x {{offsets = array<i64: 0>, scheme = {0}, kernel = "values"}}
          : tensor<?x{1}xf32> -> tensor<?x{1}xf32> {{ {2} }}
      return
    }})",
                     schemeText(scheme), columns, region, isInteger ? codes : "");
}

class QuantizeTest : public CpuLevels {
protected:
  void expectCodec(const Scheme &scheme, int64_t columns, const Buffer<float> &x,
                   const std::string &region, const Buffer<float> &quantized) {
    int64_t groups = scheme.granularity == Granularity::Group ? columns / scheme.blockColumns : 1;
    CompiledKernels kernels(quantizeText(scheme, columns, groups, region), GetParam());
    Expected expected = encodeRows(scheme, quantized, columns);
    int64_t stride = strideOf(columns);
    Buffer<float> values(kRows * stride);
    kernels.run("values", {x.address(), values.address(), uint64_t(kRows)}, kRows, 1, 1, true);
    for (int64_t t = 0; t < kRows; ++t)
      for (int64_t j = 0; j < columns; ++j)
        ASSERT_EQ(values[t * stride + j], expected.values[t * columns + j])
            << describe(scheme) << " at " << t << "," << j;
    if (!scheme.isInteger())
      return;
    Buffer<int8_t> codes(kRows * stride);
    bool isTensor = scheme.granularity == Granularity::Tensor;
    Buffer<float> scales(kRows * strideOf(groups));
    kernels.run("codes", {x.address(), codes.address(), scales.address(), uint64_t(kRows)}, kRows);
    for (int64_t t = 0; t < kRows; ++t) {
      for (int64_t j = 0; j < columns; ++j)
        ASSERT_EQ(codes[t * stride + j], int8_t(expected.codes[t * columns + j]))
            << describe(scheme) << " at " << t << "," << j;
      for (int64_t g = 0; g < groups; ++g)
        ASSERT_EQ(scales[(isTensor ? 0 : t * strideOf(groups)) + g],
                  expected.scales[t * groups + g])
            << describe(scheme);
    }
  }
};

const char *kIdentity = "^bb0(%a: f32):\n kernel.yield %a : f32";

TEST_P(QuantizeTest, IsTheCodecBitForBit) {
  for (const SchemeText &text :
       {SchemeText{"int8", "row"}, SchemeText{"int8", "row", false, "torchao"},
        SchemeText{"int8", "row", false, "ggml"}, SchemeText{"int8", "row", false, "modelopt"},
        SchemeText{"int8", "row", false, "study"}, SchemeText{"int8", "tensor"},
        SchemeText{"int8", "group:20"}, SchemeText{"int8", "group:4", false, "ggml"},
        SchemeText{"fp8_e4m3", "row"}, SchemeText{"fp8_e5m2", "row"},
        SchemeText{"fp8_e4m3", "tensor", false, "study"}, SchemeText{"fp8_e4m3", "group:20"}})
    for (int64_t columns : {60, 260}) {
      Random random(columns);
      Buffer<float> x = activation(random, columns);
      expectCodec(parseScheme(text), columns, x, kIdentity, x);
    }
}

TEST_P(QuantizeTest, QuantizesWhatARegionComputes) {
  Random random(5);
  Buffer<float> x = activation(random, 60), squares(x.size());
  for (size_t i = 0; i < x.size(); ++i)
    squares[i] = x[i] * x[i];
  const char *square = "^bb0(%a: f32):\n %0 = arith.mulf %a, %a : f32\n kernel.yield %0 : f32";
  for (const char *granularity : {"row", "group:12", "tensor"})
    expectCodec(parseScheme({"int8", granularity}), 60, x, square, squares);
}

TEST_P(QuantizeTest, SaturatesByAGivenScale) {
  Scheme scheme = parseScheme({"int8", "tensor"});
  CompiledKernels kernels(fmt::format(R"(
    llm.param @scale : tensor<1x1xf32>
    func.func @f(%x: tensor<?x60xf32>) attributes {{kernel.target = "cpu"}} {{
      %scale = llm.get @scale : tensor<1x1xf32>
      %c = kernel.quantize %x by %scale : tensor<1x1xf32>
          {{offsets = array<i64: 0>, scheme = {0}, kernel = "codes"}}
          : tensor<?x60xf32> -> tensor<?x60xi8> {{ {1} }}
      return
    }})",
                                      schemeText(scheme), kIdentity),
                          GetParam());
  Random random(6);
  Buffer<float> x = activation(random, 60);
  Buffer<int8_t> codes(kRows * 64);
  float scale = 0.004f;
  kernels.run("codes", {x.address(), uint64_t(&scale), codes.address(), uint64_t(kRows)}, kRows);
  for (int64_t t = 0; t < kRows; ++t)
    for (int64_t j = 0; j < 60; ++j) {
      float code = std::nearbyint(x[t * 64 + j] / scale);
      ASSERT_EQ(codes[t * 64 + j], int8_t(std::min(std::max(code, -127.0f), 127.0f)));
    }
}

/// A norm that quantizes is a norm, and then a quantize.
TEST_P(QuantizeTest, NormsQuantizeTheirRows) {
  Scheme row = parseScheme({"int8", "row"}), group = parseScheme({"int8", "group:20"});
  CompiledKernels kernels(fmt::format(R"(
    llm.param @w : tensor<60xf32>
    func.func @f(%x: tensor<?x60xf32>, %r: tensor<?x60xf32>) attributes {{kernel.target = "cpu"}} {{
      %w = llm.get @w : tensor<60xf32>
      %n = kernel.norm rms %x, %w {{eps = 1.0e-5, kernel = "norm"}}
          : tensor<?x60xf32>, tensor<60xf32> -> tensor<?x60xf32>
      %c, %s = kernel.norm rms %x, %w {{eps = 1.0e-5, result_scheme = {0}, kernel = "row"}}
          : tensor<?x60xf32>, tensor<60xf32> -> tensor<?x60xi8> scaled tensor<?x1xf32>
      %d, %sum, %t = kernel.norm rms %x plus %r : tensor<?x60xf32>, %w
          {{eps = 1.0e-5, result_scheme = {1}, kernel = "group"}}
          : tensor<?x60xf32>, tensor<60xf32> -> tensor<?x60xi8>, tensor<?x60xf32>
          scaled tensor<?x3xf32>
      return
    }})",
                                      schemeText(row), schemeText(group)),
                          GetParam());
  Random random(7);
  Buffer<float> x = random.activation(kRows, 60), zeros(kRows * 64), sum(kRows * 64);
  Weight weight = Weight::plain(random, "f32", 60);
  Buffer<float> normalized(kRows * 64), scales(kRows * 32);
  Buffer<int8_t> codes(kRows * 64);
  kernels.run("norm",
              {x.address(), weight.storage.address(), normalized.address(), uint64_t(kRows)},
              kRows);
  auto expectCodes = [&](const Scheme &scheme, int64_t groups) {
    Expected expected = encodeRows(scheme, normalized, 60);
    for (int64_t t = 0; t < kRows; ++t) {
      for (int64_t j = 0; j < 60; ++j)
        ASSERT_EQ(codes[t * 64 + j], int8_t(expected.codes[t * 60 + j]));
      for (int64_t g = 0; g < groups; ++g)
        ASSERT_EQ(scales[t * 32 + g], expected.scales[t * groups + g]);
    }
  };
  kernels.run(
      "row",
      {x.address(), weight.storage.address(), codes.address(), scales.address(), uint64_t(kRows)},
      kRows);
  expectCodes(row, 1);
  kernels.run("group",
              {x.address(), zeros.address(), weight.storage.address(), sum.address(),
               codes.address(), scales.address(), uint64_t(kRows)},
              kRows, 1, 1, true);
  expectCodes(group, 3);
}

} // namespace

INSTANTIATE_CPU_LEVELS(QuantizeTest);
