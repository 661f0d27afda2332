//===- ParamQuantization.cpp ----------------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/artifact/ParamQuantization.h"
#include "lowering/artifact/ParamGgmlParts.h"
#include "runtime/formats/Error.h"
#include "runtime/formats/FloatConvert.h"
#include "runtime/formats/Quote.h"
#include "runtime/quantization/BlockCodec.h"
#include "runtime/quantization/GgmlScheme.h"
#include <algorithm>
#include <cstring>
#include <mutex>

using namespace qopt;

namespace {

/// A matrix and how it is cut into blocks that share a scale.
class BlockedMatrix {
public:
  BlockedMatrix(ParamExpressionPtr values, const Scheme &scheme, std::string name)
      : values(std::move(values)), scheme(scheme), name(std::move(name)),
        block(blockShape(scheme, this->values->rows(), this->values->columns(), this->name)) {}

  int64_t blockRows() const { return values->rows() / block.rows; }
  int64_t blockColumns() const { return values->columns() / block.columns; }

  /// Calls `visit(block row, block column, parameters, part, values of it)` for the blocks that
  /// overlap `rect`, with their whole values, row by row; for a block that is the whole matrix,
  /// with the rows of `rect` only.
  template <typename Visit> void forEachBlock(const Rect &rect, Visit visit) const {
    if (block.rows == values->rows() && block.columns == values->columns()) {
      Rect part{rect.row, rect.rows, 0, values->columns()};
      visit(0, 0, wholeParameters(), part, readF32(*values, part));
      return;
    }
    for (int64_t row = rect.row / block.rows; row * block.rows < rect.row + rect.rows; ++row)
      for (int64_t column = rect.column / block.columns;
           column * block.columns < rect.column + rect.columns; ++column) {
        Rect part{row * block.rows, block.rows, column * block.columns, block.columns};
        std::vector<float> part32 = readF32(*values, part);
        BlockParameters parameters =
            chooseParameters(scheme, rangeOfPart(part, part32), tensorScale());
        visit(row, column, parameters, part, part32);
      }
  }

  const Scheme &getScheme() const { return scheme; }
  const ParamExpression &getValues() const { return *values; }

private:
  ValueRange rangeOfPart(const Rect &part, std::span<const float> values) const {
    size_t bad;
    ValueRange range = rangeOf(values, bad);
    if (bad < values.size())
      fail("{} [{}, {}] is {}: a tensor to quantize must be finite", quote(name),
           part.row + int64_t(bad) / part.columns, part.column + int64_t(bad) % part.columns,
           values[bad]);
    return range;
  }

  /// The range of all values; computed once, a few rows at a time.
  const ValueRange &wholeRange() const {
    std::call_once(rangeOnce, [this] {
      constexpr int64_t kElementsAtOnce = 1 << 20;
      int64_t step = std::max<int64_t>(1, kElementsAtOnce / values->columns());
      for (int64_t row = 0; row < values->rows(); row += step) {
        Rect part{row, std::min(step, values->rows() - row), 0, values->columns()};
        range.merge(rangeOfPart(part, readF32(*values, part)));
      }
    });
    return range;
  }

  BlockParameters wholeParameters() const {
    return chooseParameters(scheme, wholeRange(), tensorScale());
  }

  /// The second level of NVFP4's scales.
  float tensorScale() const {
    if (scheme.scaleType != ScaleType::E4M3)
      return 1;
    constexpr float kLargestE4M3 = 448;
    return wholeRange().amax() / (float(scheme.divisor) * kLargestE4M3);
  }

  ParamExpressionPtr values;
  Scheme scheme;
  std::string name;
  BlockShape block;
  mutable std::once_flag rangeOnce;
  mutable ValueRange range;
};

/// An expression on the blocks of a matrix.
class BlockedParam : public ParamExpression {
public:
  BlockedParam(DType dtype, llvm::ArrayRef<int64_t> shape,
               std::shared_ptr<const BlockedMatrix> matrix)
      : ParamExpression(dtype, shape), matrix(std::move(matrix)) {}

  std::optional<GeneratedContents> generated() const override { return std::nullopt; }
  void collectSources(std::vector<MappedBytes> &sources) const override {
    matrix->getValues().collectSources(sources);
  }

protected:
  std::shared_ptr<const BlockedMatrix> matrix;
};

class CodesParam : public BlockedParam {
public:
  using BlockedParam::BlockedParam;

  void read(const Rect &rect, std::span<std::byte> out) const override {
    std::vector<uint8_t> codes;
    matrix->forEachBlock(rect, [&](int64_t, int64_t, const BlockParameters &parameters,
                                   const Rect &part, std::span<const float> values) {
      codes.resize(values.size());
      encode(matrix->getScheme(), parameters, values, codes);
      int64_t columnBegin = std::max(part.column, rect.column);
      int64_t columnEnd = std::min(part.column + part.columns, rect.column + rect.columns);
      for (int64_t row = std::max(part.row, rect.row);
           row < std::min(part.row + part.rows, rect.row + rect.rows); ++row)
        std::memcpy(&out[(row - rect.row) * rect.columns + columnBegin - rect.column],
                    &codes[(row - part.row) * part.columns + columnBegin - part.column],
                    columnEnd - columnBegin);
    });
  }
};

enum class ParameterKind : uint8_t { Scale, Zero };

/// Scales or zeros: one f32 a block.
class BlockParametersParam : public BlockedParam {
public:
  BlockParametersParam(const std::shared_ptr<const BlockedMatrix> &matrix, ParameterKind kind)
      : BlockedParam(DType::F32, {matrix->blockRows(), matrix->blockColumns()}, matrix),
        kind(kind) {}

  void read(const Rect &rect, std::span<std::byte> out) const override {
    int64_t blockHeight = matrix->getValues().rows() / rows();
    int64_t blockWidth = matrix->getValues().columns() / columns();
    Rect covered{rect.row * blockHeight, rect.rows * blockHeight, rect.column * blockWidth,
                 rect.columns * blockWidth};
    // A block that is the whole matrix needs none of its rows here.
    if (rows() == 1 && columns() == 1)
      covered.rows = 1;
    matrix->forEachBlock(covered, [&](int64_t row, int64_t column,
                                      const BlockParameters &parameters, const Rect &,
                                      std::span<const float>) {
      float value = kind == ParameterKind::Scale ? parameters.scale : parameters.zero;
      int64_t index = (row - rect.row) * rect.columns + column - rect.column;
      std::memcpy(&out[index * sizeof(float)], &value, sizeof(float));
    });
  }

private:
  ParameterKind kind;
};

class DequantizedParam : public ParamExpression {
public:
  DequantizedParam(QuantizedParams quantized, const Scheme &scheme, DType dtype)
      : ParamExpression(dtype, quantized.codes->shape()), quantized(std::move(quantized)),
        scheme(scheme) {}

  void read(const Rect &rect, std::span<std::byte> out) const override {
    std::vector<std::byte> codes(rect.elements());
    quantized.codes->read(rect, codes);
    int64_t height = rows() / quantized.scales->rows();
    int64_t width = columns() / quantized.scales->columns();
    int64_t firstRow = rect.row / height, lastRow = (rect.row + rect.rows - 1) / height;
    int64_t firstColumn = rect.column / width;
    int64_t lastColumn = (rect.column + rect.columns - 1) / width;
    Rect blocks{firstRow, lastRow - firstRow + 1, firstColumn, lastColumn - firstColumn + 1};
    std::vector<float> scales = readF32(*quantized.scales, blocks);
    std::vector<float> zeros;
    if (quantized.zeros)
      zeros = readF32(*quantized.zeros, blocks);

    std::vector<float> values(rect.elements());
    for (int64_t row = 0; row < rect.rows; ++row)
      for (int64_t begin = 0, end; begin < rect.columns; begin = end) {
        int64_t blockColumn = (rect.column + begin) / width;
        end = std::min((blockColumn + 1) * width - rect.column, rect.columns);
        size_t block =
            ((rect.row + row) / height - firstRow) * blocks.columns + blockColumn - firstColumn;
        BlockParameters parameters{scales[block], zeros.empty() ? 0 : zeros[block], 0};
        size_t first = row * rect.columns + begin;
        decode(scheme, parameters,
               {reinterpret_cast<const uint8_t *>(&codes[first]), size_t(end - begin)},
               std::span(values).subspan(first, end - begin));
      }
    convertFromF32(values, dtype(), out);
  }

  std::optional<GeneratedContents> generated() const override { return std::nullopt; }
  void collectSources(std::vector<MappedBytes> &sources) const override {
    quantized.codes->collectSources(sources);
  }

private:
  QuantizedParams quantized;
  Scheme scheme;
};

} // namespace

QuantizedParams qopt::makeQuantized(ParamExpressionPtr values, const Scheme &scheme,
                                    std::string name) {
  if (!scheme.hasScale())
    return {makeCast(std::move(values), scheme.storage == Storage::BF16 ? DType::BF16 : DType::F16),
            nullptr, nullptr};
  if (std::optional<GgmlType> type = ggmlTypeOf(scheme))
    return makeGgmlParts(quantizeToGgml(std::move(values), *type, std::move(name), partsOf(*type)));
  llvm::SmallVector<int64_t> shape(values->shape());
  auto matrix = std::make_shared<const BlockedMatrix>(std::move(values), scheme, std::move(name));
  QuantizedParams result;
  result.codes = std::make_shared<CodesParam>(DType::U8, shape, matrix);
  result.scales = std::make_shared<BlockParametersParam>(matrix, ParameterKind::Scale);
  if (scheme.zeroPoint != ZeroPoint::None)
    result.zeros = std::make_shared<BlockParametersParam>(matrix, ParameterKind::Zero);
  return result;
}

ParamExpressionPtr qopt::makeDequantized(QuantizedParams quantized, const Scheme &scheme,
                                         DType dtype) {
  if (!scheme.hasScale())
    return makeCast(std::move(quantized.codes), dtype);
  return std::make_shared<DequantizedParam>(std::move(quantized), scheme, dtype);
}
