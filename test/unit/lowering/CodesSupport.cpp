//===- CodesSupport.cpp - random codes, scales and their schemes -------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/unit/lowering/CodesSupport.h"
#include <fmt/format.h>

using namespace qopt;
using namespace qopt::test;

std::string test::schemeText(const Scheme &scheme) {
  static constexpr const char *kGranularities[] = {"tensor", "row", "group", "block"};
  static constexpr const char *kZeros[] = {"symmetric", "integer_zero", "minimum"};
  static constexpr const char *kArithmetic[] = {"divide", "reciprocal", "multiplier", "normalize",
                                                "ggml"};
  static constexpr const char *kScales[] = {"f32", "f16", "e8m0", "e4m3", "f16_multiple"};
  std::string block = scheme.granularity == Granularity::Group
                          ? fmt::format("block = [1, {}], ", scheme.blockColumns)
                          : "";
  return fmt::format(
      "#q.scheme<storage = {}, granularity = {}, {}zero = {}, divisor = {:.17e} : f64, "
      "range = [{}, {}], rounding = {}, arithmetic = {}, scale = {}, min_amax = {:.17e} : f64, "
      "min_scale = {:.17e} : f64>",
      name(scheme.storage), kGranularities[int(scheme.granularity)], block,
      kZeros[int(scheme.zeroPoint)], scheme.divisor, scheme.minCode, scheme.maxCode,
      scheme.rounding == Rounding::HalfEven ? "half_even" : "half_away",
      kArithmetic[int(scheme.arithmetic)], kScales[int(scheme.scaleType)], scheme.minAmax,
      scheme.minScale);
}

WeightCodes::WeightCodes(Random &random, const Scheme &scheme, int64_t n, int64_t k, int64_t ways)
    : scheme(scheme), n(n), k(k),
      groups(scheme.granularity == Granularity::Group ? k / scheme.blockColumns : 1),
      packedCodes(0), packedScales(0), packedZeros(0) {
  bool is4Bit = scheme.storage == Storage::Int4;
  int64_t half = n / ways, width = 32 / ways, count = (half + width - 1) / width;
  int64_t depth = is4Bit ? (k + 1) / 2 : k;
  packedCodes = Buffer<uint8_t>(count * depth * 32);
  packedScales = Buffer<float>(count * groups * 32);
  packedZeros = Buffer<float>(count * groups * 32);
  auto place = [&](int64_t row) { // panel and lane
    int64_t column = row % half;
    return std::pair(column / width, row / half * 16 + column % width);
  };
  auto nextInteger = [&](int32_t low, int32_t high) {
    return low + int32_t((double(random.next()) + 1) / 2 * (high - low + 1));
  };
  for (int64_t row = 0; row < n; ++row) {
    auto [panel, lane] = place(row);
    for (int64_t i = 0; i < k; ++i) {
      int32_t code = nextInteger(scheme.minCode, scheme.maxCode);
      codes.push_back(code);
      if (is4Bit)
        packedCodes[(panel * depth + i / 2) * 32 + lane] |= (code & 15) << (i % 2 * 4);
      else
        packedCodes[(panel * depth + i) * 32 + lane] = uint8_t(code);
    }
    for (int64_t group = 0; group < groups; ++group) {
      int64_t index = (panel * groups + group) * 32 + lane;
      scales.push_back(0.01f + 0.005f * random.next());
      packedScales[index] = scales.back();
      zeros.push_back(scheme.zeroPoint == ZeroPoint::Integer
                          ? float(nextInteger(scheme.minCode, scheme.maxCode))
                          : random.next());
      packedZeros[index] = zeros.back();
    }
  }
}

InputCodes::InputCodes(Random &random, int64_t rows, int64_t k, int64_t groups, bool isShared)
    : rows(rows), k(k), groups(groups), isShared(isShared), codes(rows * strideOf(k), 77),
      scales(isShared ? 32 : rows * strideOf(groups), std::numeric_limits<float>::quiet_NaN()) {
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t i = 0; i < k; ++i)
      codes[row * strideOf(k) + i] = int8_t(random.next() * 127);
    for (int64_t group = 0; group < groups && !(isShared && row > 0); ++group)
      scales[row * strideOf(groups) + group] = 0.02f + 0.01f * random.next();
  }
}
