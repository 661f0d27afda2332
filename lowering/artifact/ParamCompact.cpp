//===- ParamCompact.cpp - denser forms of codes and scales ----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/artifact/ParamQuantization.h"
#include "runtime/formats/Error.h"
#include "runtime/formats/FloatConvert.h"
#include "runtime/formats/Quote.h"
#include "runtime/formats/ScaleProducts.h"
#include <cassert>

using namespace qopt;

namespace {

/// An expression of bytes, of which rows are read as a whole.
class CompactParam : public ParamExpression {
public:
  CompactParam(ParamExpressionPtr operand, int64_t columns)
      : ParamExpression(DType::U8, {operand->rows(), columns}), operand(std::move(operand)) {}

  void read(const Rect &rect, std::span<std::byte> out) const override {
    assert(rect.column == 0 && rect.columns == columns() && "parts of rows");
    for (int64_t i = 0; i < rect.rows; ++i)
      readRow(rect.row + i, out.subspan(i * columns(), columns()));
  }
  std::optional<GeneratedContents> generated() const override { return std::nullopt; }
  void collectSources(std::vector<MappedBytes> &sources) const override {
    operand->collectSources(sources);
  }

protected:
  virtual void readRow(int64_t row, std::span<std::byte> out) const = 0;

  ParamExpressionPtr operand;
};

class SixBitsParam : public CompactParam {
public:
  explicit SixBitsParam(ParamExpressionPtr codes) : CompactParam(codes, codes->columns() / 4 * 3) {}

protected:
  void readRow(int64_t row, std::span<std::byte> out) const override {
    std::vector<std::byte> codes(operand->columns());
    operand->read({row, 1, 0, operand->columns()}, codes);
    constexpr std::byte half{0x0f}, upper{0x30};
    for (size_t i = 0; i < codes.size() / 4; ++i) {
      const std::byte *four = &codes[4 * i];
      out[3 * i] = (four[0] & half) | four[1] << 4;
      out[3 * i + 1] = (four[2] & half) | four[3] << 4;
      out[3 * i + 2] = (four[0] & upper) >> 4 | (four[1] & upper) >> 2 | (four[2] & upper) |
                       (four[3] & upper) << 2;
    }
  }
};

class MultiplesParam : public CompactParam {
public:
  MultiplesParam(ParamExpressionPtr scales, int64_t groups, std::string name)
      : CompactParam(scales, scales->columns() / groups * (groups + 2)), groups(groups),
        name(std::move(name)) {}

protected:
  void readRow(int64_t row, std::span<std::byte> out) const override {
    std::vector<float> scales = readF32(*operand, {row, 1, 0, operand->columns()});
    std::vector<int8_t> multiples(groups);
    for (size_t i = 0; i < scales.size() / groups; ++i) {
      std::span<const float> shared = std::span<const float>(scales).subspan(i * groups, groups);
      std::optional<float> unit = splitProducts(shared, {-128, 127}, multiples);
      if (!unit)
        fail("{}: scales of row {}, such as {}, are no products of an f16 and integers",
             quote(name), row, shared[0]);
      std::byte *to = &out[i * (groups + 2)];
      for (int64_t j = 0; j < groups; ++j)
        to[j] = std::byte(multiples[j]);
      uint16_t bits = f32ToF16(*unit);
      to[groups] = std::byte(bits & 0xff);
      to[groups + 1] = std::byte(bits >> 8);
    }
  }

private:
  int64_t groups;
  std::string name;
};

} // namespace

ParamExpressionPtr qopt::makeSixBits(ParamExpressionPtr codes) {
  return std::make_shared<SixBitsParam>(std::move(codes));
}

ParamExpressionPtr qopt::makeMultiples(ParamExpressionPtr scales, int64_t groups,
                                       std::string name) {
  return std::make_shared<MultiplesParam>(std::move(scales), groups, std::move(name));
}
