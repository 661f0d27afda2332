//===- ParamGgufLayout.cpp - parameters as GGUF files store them ----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/artifact/ParamGgufLayout.h"
#include "runtime/formats/FloatConvert.h"
#include <cassert>
#include <cstring>

using namespace qopt;

namespace {

class Interleaved : public ParamExpression {
public:
  Interleaved(ParamExpressionPtr operand, int64_t heads)
      : ParamExpression(operand->dtype(), operand->shape()), operand(std::move(operand)),
        headDim(rows() / heads) {}

  void read(const Rect &rect, std::span<std::byte> out) const override {
    size_t rowBytes = rect.columns * elementBytes();
    for (int64_t i = 0; i < rect.rows; ++i) {
      int64_t inHead = (rect.row + i) % headDim;
      int64_t row = rect.row + i - inHead + inHead % 2 * (headDim / 2) + inHead / 2;
      operand->read({row, 1, rect.column, rect.columns}, out.subspan(i * rowBytes, rowBytes));
    }
  }
  std::optional<GeneratedContents> generated() const override { return operand->generated(); }
  void collectSources(std::vector<MappedBytes> &sources) const override {
    operand->collectSources(sources);
  }

private:
  ParamExpressionPtr operand;
  int64_t headDim;
};

/// Read in whole rows only.
class Q8Blocks : public ParamExpression {
public:
  Q8Blocks(ParamExpressionPtr codes, ParamExpressionPtr scales)
      : ParamExpression(DType::U8, {codes->rows(), scales->columns() * kBlockBytes}),
        codes(std::move(codes)), scales(std::move(scales)) {}

  void read(const Rect &rect, std::span<std::byte> out) const override {
    assert(rect.column == 0 && rect.columns == columns() && "blocks are read in whole rows");
    std::vector<std::byte> bytes(rect.rows * codes->columns());
    codes->read({rect.row, rect.rows, 0, codes->columns()}, bytes);
    std::vector<float> numbers = readF32(*scales, {rect.row, rect.rows, 0, scales->columns()});
    for (size_t i = 0; i < numbers.size(); ++i) {
      std::byte *block = &out[i * kBlockBytes];
      convertFromF32(std::span(numbers).subspan(i, 1), DType::F16, {block, sizeof(uint16_t)});
      std::memcpy(block + sizeof(uint16_t), &bytes[i * kBlockElements], kBlockElements);
    }
  }
  std::optional<GeneratedContents> generated() const override { return std::nullopt; }
  void collectSources(std::vector<MappedBytes> &sources) const override {
    codes->collectSources(sources);
  }

private:
  static constexpr int64_t kBlockElements = 32;
  static constexpr int64_t kBlockBytes = sizeof(uint16_t) + kBlockElements;

  ParamExpressionPtr codes, scales;
};

} // namespace

ParamExpressionPtr qopt::makeInterleaved(ParamExpressionPtr operand, int64_t heads) {
  return std::make_shared<Interleaved>(std::move(operand), heads);
}

ParamExpressionPtr qopt::makeQ8Blocks(ParamExpressionPtr codes, ParamExpressionPtr scales) {
  return std::make_shared<Q8Blocks>(std::move(codes), std::move(scales));
}
