//===- CompactMatmulTest.cpp - denser panels against plain ones --------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Kernels of plain panels are themselves tested against float64 (QuantizedMatmulTest,
// IntegerMatmulTest); those of denser ones must give the same bits.

#include "runtime/formats/FloatConvert.h"
#include "runtime/quantization/GgmlScheme.h"
#include "test/unit/lowering/CodesSupport.h"
#include <cstring>
#include <fmt/format.h>

using namespace qopt;
using namespace qopt::test;

namespace {

constexpr int64_t kN = 70, kK = 512, kRows = 13;

int64_t panelsOf(int64_t n) { return (n + 31) / 32; }

/// Codes and scales of a ggml type, with the scales that its blocks can have, plain and denser.
struct Weight {
  GgmlType type;
  WeightCodes plain;
  Buffer<uint8_t> codes{0}, scales{0}, zeros{0};
  std::string codesType, scalesType;

  Weight(Random &random, GgmlType type) : type(type), plain(random, ggmlScheme(type), kN, kK) {
    isMultiple = plain.scheme.scaleType == ScaleType::F16Multiple;
    hasSixBits = plain.scheme.storage == Storage::Int8 && plain.scheme.maxCode <= 31;
    packCodes();
    packParameters(random, plain.packedScales, scales);
    packParameters(random, plain.packedZeros, zeros);
  }

  bool hasZeros() const { return plain.scheme.zeroPoint != ZeroPoint::None; }

private:
  void packCodes() {
    int64_t depth = hasSixBits ? kK / 4 * 3 : int64_t(plain.packedCodes.size()) / 32 / panelsOf(kN);
    codesType = fmt::format("tensor<{}x{}x32xi8>", panelsOf(kN), depth);
    codes = Buffer<uint8_t>(panelsOf(kN) * depth * 32);
    if (!hasSixBits) {
      std::copy_n(plain.packedCodes.data(), codes.size(), codes.data());
      return;
    }
    for (int64_t n = 0; n < kN; ++n)
      for (int64_t k = 0; k < kK; ++k) {
        unsigned code = unsigned(plain.codes[n * kK + k]) & 63;
        uint8_t *four = &codes[(n / 32 * depth + k / 4 * 3) * 32 + n % 32];
        four[k % 4 / 2 * 32] |= uint8_t((code & 15) << (k % 2 * 4));
        four[64] |= uint8_t((code >> 4) << (k % 4 * 2));
      }
  }

  /// Replaces the parameters by such as the type has: halves, or multiples of one.
  void packParameters(Random &random, Buffer<float> &values, Buffer<uint8_t> &dense) {
    int64_t together = isMultiple ? kSharedScaleColumns / plain.scheme.blockColumns : 1;
    int64_t rows = isMultiple ? plain.groups / together * (together + 2) : plain.groups;
    scalesType = fmt::format("tensor<{}x{}x32x{}>", panelsOf(kN), rows, isMultiple ? "i8" : "f16");
    dense = Buffer<uint8_t>(panelsOf(kN) * rows * 32 * (isMultiple ? 1 : 2));
    for (int64_t panel = 0; panel < panelsOf(kN); ++panel)
      for (int64_t lane = 0; lane < 32; ++lane)
        for (int64_t group = 0; group < plain.groups; ++group) {
          float &value = values[(panel * plain.groups + group) * 32 + lane];
          int64_t first = group - group % together, block = group / together * (together + 2);
          uint16_t bits = f32ToF16(values[(panel * plain.groups + first) * 32 + lane] / 64);
          uint8_t *column = &dense[(panel * rows + block) * 32 + lane];
          if (!isMultiple) {
            bits = f32ToF16(value);
            value = f16ToF32(bits);
            std::memcpy(&dense[((panel * rows + group) * 32 + lane) * 2], &bits, sizeof(bits));
            continue;
          }
          // The first multiple of a block is the only one that the f16 comes of.
          auto multiple = int8_t(group == first ? 64 : random.next() * 127);
          if (group != first)
            bits = uint16_t(column[together * 32] | column[(together + 1) * 32] << 8);
          value = f16ToF32(bits) * float(multiple);
          column[group % together * 32] = uint8_t(multiple);
          column[together * 32] = uint8_t(bits & 0xff);
          column[(together + 1) * 32] = uint8_t(bits >> 8);
        }
  }

  bool isMultiple, hasSixBits;
};

std::string kernelText(const Weight &weight, bool isDense, const std::string &rows) {
  const WeightCodes &plain = weight.plain;
  std::string codes = isDense ? weight.codesType
                              : fmt::format("tensor<{}x{}x32xi8>", panelsOf(kN),
                                            plain.packedCodes.size() / 32 / panelsOf(kN));
  std::string scales =
      isDense ? weight.scalesType : fmt::format("tensor<{}x{}x32xf32>", panelsOf(kN), plain.groups);
  return fmt::format(
      R"(
    #s = {0}
    #x = {1}
    llm.param @c : {2}
    llm.param @s : {3}
    func.func @f(%x: tensor<{4}x{5}xf32>, %xc: tensor<{4}x{5}xi8>, %xs: tensor<{4}x{6}xf32>,
                 %ids: tensor<{4}xi32>) attributes {{kernel.target = "cpu"}} {{
      %c = llm.get @c : {2}
      %s = llm.get @s : {3}
      %y = kernel.matmul %x, %c scales({7}) ways 1 {{columns = {8}, kernel = "numbers", weight_scheme = #s}}
          : tensor<{4}x{5}xf32>, {2} -> tensor<{4}x{8}xf32> {{
      ^bb0(%a: f32):
        kernel.yield %a : f32
      }}
      %z = kernel.matmul %xc scaled %xs : tensor<{4}x{6}xf32>, %c scales({7}) ways 1
          {{columns = {8}, kernel = "integers", weight_scheme = #s, x_scheme = #x}}
          : tensor<{4}x{5}xi8>, {2} -> tensor<{4}x{8}xf32> {{
      ^bb0(%a: f32):
        kernel.yield %a : f32
      }}
      %r = kernel.gather %c scales({7}) at %ids {{kernel = "rows", table_scheme = #s}}
          : {2}, tensor<{4}xi32> -> tensor<{4}x{5}xf32>
      return
    }})",
      schemeText(plain.scheme), schemeText(parseScheme({"int8", "group:32"})), codes, scales, rows,
      kK, kK / 32, weight.hasZeros() ? fmt::format("%s, %s : {0}, {0}", scales) : "%s : " + scales,
      kN);
}

/// What a kernel makes of its first arguments and the weight.
Buffer<float> run(CompiledKernels &kernels, const std::string &name, const Weight &weight,
                  bool isDense, const CompiledKernels::Arguments &inputs, int64_t rows,
                  int64_t columns) {
  const WeightCodes &plain = weight.plain;
  Buffer<float> y(rows * strideOf(columns));
  CompiledKernels::Arguments arguments;
  bool isGather = name == "rows";
  if (!isGather)
    arguments = inputs;
  arguments.push_back(isDense ? weight.codes.address() : plain.packedCodes.address());
  arguments.push_back(isDense ? weight.scales.address() : plain.packedScales.address());
  if (weight.hasZeros())
    arguments.push_back(isDense ? weight.zeros.address() : plain.packedZeros.address());
  if (isGather)
    arguments.insert(arguments.end(), inputs.begin(), inputs.end());
  arguments.push_back(y.address());
  arguments.push_back(uint64_t(rows));
  kernels.run(name, arguments, rows);
  return y;
}

class CompactMatmulTest : public CpuLevels {};

TEST_P(CompactMatmulTest, GivesTheBitsOfPlainPanels) {
  for (GgmlType type : {GgmlType::Q4_0, GgmlType::Q5_1, GgmlType::Q4_K, GgmlType::Q6_K})
    for (int64_t rows : {int64_t(1), kRows}) {
      Random random(1);
      Weight weight(random, type);
      std::string text = rows == 1 ? "1" : "?";
      CompiledKernels plain(kernelText(weight, false, text), GetParam());
      CompiledKernels dense(kernelText(weight, true, text), GetParam());
      Buffer<float> x = random.activation(rows, kK);
      InputCodes codes(random, rows, kK, kK / 32, false);
      Buffer<int32_t> ids(rows);
      for (int64_t i = 0; i < rows; ++i)
        ids[i] = int32_t((i * 37 + 69) % kN);
      auto expectSame = [&](const std::string &name, const CompiledKernels::Arguments &inputs,
                            int64_t columns) {
        Buffer<float> expected = run(plain, name, weight, false, inputs, rows, columns);
        Buffer<float> actual = run(dense, name, weight, true, inputs, rows, columns);
        for (int64_t t = 0; t < rows; ++t)
          for (int64_t i = 0; i < columns; ++i)
            ASSERT_EQ(actual[t * strideOf(columns) + i], expected[t * strideOf(columns) + i])
                << ggmlTraits(type).name << " " << name << " of " << rows << " rows at " << t << ","
                << i;
      };
      expectSame("numbers", {x.address()}, kN);
      expectSame("integers", {codes.codes.address(), codes.scales.address()}, kN);
      expectSame("rows", {ids.address()}, kK);
    }
}

INSTANTIATE_CPU_LEVELS(CompactMatmulTest);

} // namespace
