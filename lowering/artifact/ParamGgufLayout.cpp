//===- ParamGgufLayout.cpp - parameters as GGUF files store them ----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/artifact/ParamGgufLayout.h"

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

} // namespace

ParamExpressionPtr qopt::makeInterleaved(ParamExpressionPtr operand, int64_t heads) {
  return std::make_shared<Interleaved>(std::move(operand), heads);
}
