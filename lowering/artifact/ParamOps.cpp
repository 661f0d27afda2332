//===- ParamOps.cpp - parameters computed from parameters -----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/llm/Llm.h"
#include "lowering/artifact/ParamExpression.h"
#include "runtime/formats/FloatConvert.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <cmath>
#include <cstring>

using namespace qopt;

static constexpr int64_t kPanelWidth = llm::PackOp::kPanelWidth;

/// `out[c * outStride + r] = in[r * columns + c]` for elements of type T that need not be aligned.
template <typename T>
static void transpose(const std::byte *in, int64_t rows, int64_t columns, std::byte *out,
                      int64_t outStride) {
  // A block of columns at a time, so that the lines written stay in the first-level cache.
  constexpr int64_t kBlock = 64;
  for (int64_t begin = 0; begin < columns; begin += kBlock) {
    int64_t end = std::min(begin + kBlock, columns);
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t c = begin; c < end; ++c)
        std::memcpy(out + (c * outStride + r) * sizeof(T), in + (r * columns + c) * sizeof(T),
                    sizeof(T));
  }
}

static void transpose(size_t elementBytes, const std::byte *in, int64_t rows, int64_t columns,
                      std::byte *out, int64_t outStride) {
  switch (elementBytes) {
  case 1:
    return transpose<uint8_t>(in, rows, columns, out, outStride);
  case 2:
    return transpose<uint16_t>(in, rows, columns, out, outStride);
  case 4:
    return transpose<uint32_t>(in, rows, columns, out, outStride);
  default:
    return transpose<uint64_t>(in, rows, columns, out, outStride);
  }
}

/// What operands that are all generated, and alike, make together: equal splats a splat, random
/// contents of one seed random contents of the same variance.
static std::optional<GeneratedContents>
combineGenerated(llvm::ArrayRef<ParamExpressionPtr> operands) {
  std::optional<GeneratedContents> first = operands.front()->generated();
  double squares = 0, elements = 0;
  for (const ParamExpressionPtr &operand : operands) {
    std::optional<GeneratedContents> contents = operand->generated();
    if (!first || !contents || contents->isSplat != first->isSplat ||
        contents->seed != first->seed || (first->isSplat && contents->value != first->value))
      return std::nullopt;
    double count = double(operand->rows()) * double(operand->columns());
    squares += count * contents->value * contents->value;
    elements += count;
  }
  if (!first->isSplat && operands.size() > 1)
    first->value = std::sqrt(squares / elements);
  return first;
}

namespace {

/// An expression on others.
class OperationParam : public ParamExpression {
public:
  OperationParam(DType dtype, llvm::ArrayRef<int64_t> shape,
                 std::vector<ParamExpressionPtr> operands)
      : ParamExpression(dtype, shape), operands(std::move(operands)) {}

  std::optional<GeneratedContents> generated() const override { return combineGenerated(operands); }

  void collectSources(std::vector<MappedBytes> &sources) const override {
    for (const ParamExpressionPtr &operand : operands)
      operand->collectSources(sources);
  }

protected:
  const ParamExpression &operand() const { return *operands.front(); }

  std::vector<ParamExpressionPtr> operands;
};

class TransposedParam : public OperationParam {
public:
  using OperationParam::OperationParam;

  void read(const Rect &rect, std::span<std::byte> out) const override {
    Rect source{rect.column, rect.columns, rect.row, rect.rows};
    std::vector<std::byte> part(out.size());
    operand().read(source, part);
    transpose(elementBytes(), part.data(), source.rows, source.columns, out.data(), source.rows);
  }
};

class ConcatParam : public OperationParam {
public:
  using OperationParam::OperationParam;

  void read(const Rect &rect, std::span<std::byte> out) const override {
    size_t rowBytes = rect.columns * elementBytes();
    int64_t first = 0; // of the operand, in the result
    for (const ParamExpressionPtr &operand : operands) {
      int64_t begin = std::max(rect.row, first);
      int64_t end = std::min(rect.row + rect.rows, first + operand->rows());
      if (begin < end)
        operand->read({begin - first, end - begin, rect.column, rect.columns},
                      out.subspan((begin - rect.row) * rowBytes, (end - begin) * rowBytes));
      first += operand->rows();
    }
  }
};

class RepeatedParam : public OperationParam {
public:
  RepeatedParam(DType dtype, llvm::ArrayRef<int64_t> shape,
                std::vector<ParamExpressionPtr> operands, int64_t times)
      : OperationParam(dtype, shape, std::move(operands)), times(times) {}

  void read(const Rect &rect, std::span<std::byte> out) const override {
    int64_t first = rect.row / times, last = (rect.row + rect.rows - 1) / times;
    size_t rowBytes = rect.columns * elementBytes();
    std::vector<std::byte> part((last - first + 1) * rowBytes);
    operand().read({first, last - first + 1, rect.column, rect.columns}, part);
    for (int64_t i = 0; i < rect.rows; ++i)
      std::memcpy(&out[i * rowBytes], &part[((rect.row + i) / times - first) * rowBytes], rowBytes);
  }

private:
  int64_t times;
};

class CastParam : public OperationParam {
public:
  using OperationParam::OperationParam;

  void read(const Rect &rect, std::span<std::byte> out) const override {
    std::vector<std::byte> part(rect.elements() * operand().elementBytes());
    operand().read(rect, part);
    std::vector<float> values(rect.elements());
    convertToF32(operand().dtype(), part, values);
    convertFromF32(values, dtype(), out);
  }
};

class PackedParam : public OperationParam {
public:
  PackedParam(DType dtype, llvm::ArrayRef<int64_t> shape, std::vector<ParamExpressionPtr> operands,
              int64_t ways)
      : OperationParam(dtype, shape, std::move(operands)), ways(ways) {}

  /// Whole panels only: nothing reads less of one.
  void read(const Rect &rect, std::span<std::byte> out) const override {
    assert(rect.column == 0 && rect.columns == columns() && "parts of panels");
    size_t panelBytes = columns() * elementBytes();
    for (int64_t i = 0; i < rect.rows; ++i)
      readPanel(rect.row + i, out.subspan(i * panelBytes, panelBytes));
  }

protected:
  /// `panel[k, j]` of the operand's elements.
  void readPanel(int64_t index, std::span<std::byte> panel) const {
    int64_t depth = operand().columns(), wayRows = operand().rows() / ways;
    int64_t width = kPanelWidth / ways;
    int64_t begin = index * width, rows = std::min(width, wayRows - begin);
    if (rows < width)
      std::memset(panel.data(), 0, panel.size());
    std::vector<std::byte> part(rows * depth * elementBytes());
    for (int64_t way = 0; way < ways; ++way) {
      operand().read({way * wayRows + begin, rows, 0, depth}, part);
      transpose(elementBytes(), part.data(), rows, depth,
                panel.data() + way * width * elementBytes(), kPanelWidth);
    }
  }

private:
  int64_t ways;
};

class PackedPairsParam : public PackedParam {
public:
  using PackedParam::PackedParam;

  void read(const Rect &rect, std::span<std::byte> out) const override {
    assert(rect.column == 0 && rect.columns == columns() && "parts of panels");
    int64_t depth = operand().columns();
    std::vector<std::byte> codes((depth + depth % 2) * kPanelWidth); // zeros behind an odd depth
    for (int64_t i = 0; i < rect.rows; ++i) {
      readPanel(rect.row + i, std::span(codes).first(depth * kPanelWidth));
      for (int64_t byte = 0; byte < columns(); ++byte) {
        int64_t even = byte / kPanelWidth * 2 * kPanelWidth + byte % kPanelWidth;
        out[i * columns() + byte] = (codes[even] & std::byte(0x0f)) | codes[even + kPanelWidth]
                                                                          << 4;
      }
    }
  }
};

} // namespace

ParamExpressionPtr qopt::makeTransposed(ParamExpressionPtr operand) {
  int64_t shape[] = {operand->columns(), operand->rows()};
  DType dtype = operand->dtype();
  return std::make_shared<TransposedParam>(dtype, shape, std::vector{std::move(operand)});
}

ParamExpressionPtr qopt::makeConcat(std::vector<ParamExpressionPtr> operands,
                                    llvm::ArrayRef<int64_t> shape) {
  DType dtype = operands.front()->dtype();
  return std::make_shared<ConcatParam>(dtype, shape, std::move(operands));
}

ParamExpressionPtr qopt::makeCast(ParamExpressionPtr operand, DType dtype) {
  llvm::SmallVector<int64_t> shape(operand->shape());
  return std::make_shared<CastParam>(dtype, shape, std::vector{std::move(operand)});
}

ParamExpressionPtr qopt::makeRepeated(ParamExpressionPtr operand, int64_t times) {
  int64_t shape[] = {operand->rows() * times, operand->columns()};
  DType dtype = operand->dtype();
  return std::make_shared<RepeatedParam>(dtype, shape, std::vector{std::move(operand)}, times);
}

ParamExpressionPtr qopt::makePackedPairs(ParamExpressionPtr operand, llvm::ArrayRef<int64_t> shape,
                                         int64_t ways) {
  DType dtype = operand->dtype();
  return std::make_shared<PackedPairsParam>(dtype, shape, std::vector{std::move(operand)}, ways);
}

ParamExpressionPtr qopt::makePacked(ParamExpressionPtr operand, llvm::ArrayRef<int64_t> shape,
                                    int64_t ways) {
  DType dtype = operand->dtype();
  return std::make_shared<PackedParam>(dtype, shape, std::vector{std::move(operand)}, ways);
}
