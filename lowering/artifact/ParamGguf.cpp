//===- ParamGguf.cpp - parameters that are tensors of GGUF files ----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/artifact/ParamGguf.h"
#include "runtime/formats/FloatConvert.h"
#include <cassert>
#include <cstring>

using namespace qopt;

namespace {

/// A tensor's rows, in the order of a Hugging Face checkpoint.
class GgufRows {
public:
  explicit GgufRows(const GgufSource &source)
      : source(source), traits(ggmlTraits(source.tensor->type)) {
    const std::vector<int64_t> &shape = source.tensor->shape;
    rows = shape.front();
    columns = 1;
    for (size_t i = 1; i < shape.size(); ++i)
      columns *= shape[i];
  }

  const GgmlTraits &type() const { return traits; }
  llvm::ArrayRef<int64_t> shape() const { return source.tensor->shape; }
  MappedBytes bytes() const {
    return {&source.file->mappedFile(), source.file->data(*source.tensor)};
  }

  /// The stored blocks of a row that `count` elements from `column` on are in.
  std::span<const std::byte> blocks(int64_t row, int64_t column, int64_t count) const {
    int64_t first = column / traits.blockElements;
    int64_t last = (column + count - 1) / traits.blockElements;
    int64_t perRow = columns / traits.blockElements;
    return bytes().bytes.subspan((storedRow(row) * perRow + first) * traits.blockBytes,
                                 (last - first + 1) * traits.blockBytes);
  }

private:
  int64_t storedRow(int64_t row) const {
    if (source.heads == 0)
      return row;
    int64_t headDim = rows / source.heads, half = headDim / 2, inHead = row % headDim;
    return row - inHead + 2 * (inHead % half) + inHead / half;
  }

  GgufSource source;
  const GgmlTraits &traits;
  int64_t rows, columns;
};

class GgufValuesParam : public ParamExpression {
public:
  GgufValuesParam(DType dtype, const GgufRows &stored)
      : ParamExpression(dtype, stored.shape()), stored(stored) {}

  std::optional<GeneratedContents> generated() const override { return std::nullopt; }
  void collectSources(std::vector<MappedBytes> &sources) const override {
    sources.push_back(stored.bytes());
  }

  void read(const Rect &rect, std::span<std::byte> out) const override {
    const GgmlTraits &type = stored.type();
    size_t rowBytes = rect.columns * elementBytes();
    std::vector<float> values;
    for (int64_t i = 0; i < rect.rows; ++i) {
      std::span<const std::byte> blocks = stored.blocks(rect.row + i, rect.column, rect.columns);
      std::span<std::byte> row = out.subspan(i * rowBytes, rowBytes);
      if (type.dtype == dtype()) {
        std::memcpy(row.data(), blocks.data(), rowBytes);
        continue;
      }
      values.resize(blocks.size() / type.blockBytes * type.blockElements);
      decodeGgml(type.type, blocks, values);
      convertFromF32(std::span(values).subspan(rect.column % type.blockElements, rect.columns),
                     dtype(), row);
    }
  }

private:
  GgufRows stored;
};

class StoredBlocks : public GgmlBlockSource {
public:
  explicit StoredBlocks(const GgufRows &stored)
      : GgmlBlockSource(stored.type().type, stored.shape().front(), stored.shape().back()),
        stored(stored) {}

  void read(int64_t row, int64_t column, int64_t count, const BlockParts &parts) const override {
    unpackBlocks(type().type, stored.blocks(row, column, count), parts);
  }
  void collectSources(std::vector<MappedBytes> &sources) const override {
    sources.push_back(stored.bytes());
  }

private:
  GgufRows stored;
};

} // namespace

ParamExpressionPtr qopt::makeGgufValues(const GgufSource &source, DType dtype) {
  return std::make_shared<GgufValuesParam>(dtype, GgufRows(source));
}

QuantizedParams qopt::makeGgufParts(const GgufSource &source) {
  GgufRows rows(source);
  assert(rows.type().isBlocks() && rows.shape().size() == 2 &&
         "only matrices of blocks have parts");
  return makeGgmlParts(std::make_shared<StoredBlocks>(rows));
}
