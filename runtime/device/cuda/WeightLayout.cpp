//===- WeightLayout.cpp - weights as PTX kernels take them ----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cuda/WeightLayout.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/FloatConvert.h"
#include "runtime/formats/Quote.h"
#include <algorithm>
#include <cassert>
#include <cstring>

using namespace qopt;

/// Rows of W in a panel (llm.pack).
static constexpr int64_t panelWidth = 32;
/// Rows of matrices, and vectors, have a multiple of so many elements.
static constexpr int64_t alignment = 32;

static int64_t align(int64_t count) { return (count + alignment - 1) / alignment * alignment; }

WeightLayout::WeightLayout(const WeightView &weight, const WeightArgument &argument,
                           const std::string &where)
    : weight(weight), form(argument.form) {
  if (form == WeightForm::Stored) {
    numRows = paddedRows = int64_t(weight.bytes.size());
    bytesPerRow = 1;
    return;
  }
  const bool areCodes = form == WeightForm::Rows8Bit || form == WeightForm::Rows4Bit;
  if (areCodes && byteSize(weight.dtype) != 1)
    fail("{} has elements of type {}; codes are bytes", where, shortName(weight.dtype));
  if (!areCodes && weight.dtype != DType::F32 && weight.dtype != DType::F16 &&
      weight.dtype != DType::BF16)
    fail("{} has elements of type {}; those of f32, f16 and bf16 can be uploaded", where,
         shortName(weight.dtype));
  setShape(argument, where);
  if (form == WeightForm::VectorF32) {
    paddedRows = align(numRows);
    bytesPerRow = sizeof(float);
  } else if (form == WeightForm::RowsF32) {
    paddedRows = numRows;
    bytesPerRow = uint64_t(columns) * sizeof(float);
  } else if (areCodes) {
    paddedRows = numRows;
    bytesPerRow = uint64_t(form == WeightForm::Rows8Bit ? align(columns) : align(2 * columns) / 2);
  } else {
    paddedRows = numRows;
    bytesPerRow = uint64_t(align(columns)) * sizeof(uint16_t);
  }
}

void WeightLayout::setShape(const WeightArgument &argument, const std::string &where) {
  std::span<const int64_t> shape = weight.shape;
  const bool isVector = form == WeightForm::VectorF32;
  const size_t plainRank = isVector ? 1 : 2;
  isPacked = shape.size() == plainRank + 1;
  if (!isPacked && shape.size() != plainRank)
    fail("{} is {}; a kernel takes it as a {}", where, formatShape(shape),
         isVector ? "vector" : "matrix");
  columns = isVector ? 1 : shape[1];
  numRows = shape[0];
  if (isPacked) {
    rowsOfPanel = panelWidth / argument.ways;
    rowsOfWay = argument.columns ? argument.columns : shape[0] * rowsOfPanel;
    if (shape.back() != panelWidth || rowsOfWay > shape[0] * rowsOfPanel)
      fail("{} is {}; panels of {} rows in {} ways would be {} or more", where, formatShape(shape),
           rowsOfWay, argument.ways, (rowsOfWay + rowsOfPanel - 1) / rowsOfPanel);
    numRows = rowsOfWay * argument.ways;
  } else if (argument.columns * argument.ways > numRows) {
    fail("{} is {}; a kernel reads {} rows of it", where, formatShape(shape),
         argument.columns * argument.ways);
  }
}

WeightLayout::Block WeightLayout::blockAt(int64_t row) const {
  const size_t element = byteSize(weight.dtype);
  const std::byte *data = weight.bytes.data();
  if (!isPacked)
    return {data + size_t(row * columns) * element, size_t(columns) * element, element,
            numRows - row};
  int64_t way = row / rowsOfWay, rowOfWay = row % rowsOfWay;
  int64_t panel = rowOfWay / rowsOfPanel, lane = rowOfWay % rowsOfPanel;
  int64_t first = panel * columns * panelWidth + way * rowsOfPanel + lane;
  return {data + size_t(first) * element, element, size_t(panelWidth) * element,
          std::min(rowsOfPanel - lane, rowsOfWay - rowOfWay)};
}

template <DType type> static float load(const std::byte *from) {
  if constexpr (type == DType::F32) {
    float value;
    std::memcpy(&value, from, sizeof(value));
    return value;
  }
  uint16_t bits;
  std::memcpy(&bits, from, sizeof(bits));
  return type == DType::BF16 ? bf16ToF32(bits) : f16ToF32(bits);
}

/// Rows of `columns` elements to rows of `outStep` bytes. By tiles: both sides stay in cache, even
/// where a row of the one is a column of the other.
template <DType type, typename Block>
static void convertRows(const Block &block, int64_t columns, WeightForm form, size_t outStep,
                        std::byte *out) {
  constexpr int64_t tile = 64;
  for (int64_t begin = 0; begin < columns; begin += tile)
    for (int64_t row = 0; row < block.rows; ++row)
      for (int64_t column = begin; column < std::min(columns, begin + tile); ++column) {
        float value = load<type>(block.data + size_t(row) * block.rowStep +
                                 size_t(column) * block.columnStep);
        std::byte *to = out + size_t(row) * outStep;
        if (form == WeightForm::VectorF32 || form == WeightForm::RowsF32) {
          std::memcpy(to + size_t(column) * sizeof(value), &value, sizeof(value));
        } else {
          uint16_t bits = f32ToBf16(value);
          std::memcpy(to + size_t(column) * sizeof(bits), &bits, sizeof(bits));
        }
      }
}

/// The same for bytes, which stay what they are.
template <typename Block>
static void copyBytes(const Block &block, int64_t columns, size_t outStep, std::byte *out) {
  constexpr int64_t tile = 64;
  for (int64_t begin = 0; begin < columns; begin += tile)
    for (int64_t row = 0; row < block.rows; ++row)
      for (int64_t column = begin; column < std::min(columns, begin + tile); ++column)
        out[size_t(row) * outStep + size_t(column)] =
            block.data[size_t(row) * block.rowStep + size_t(column) * block.columnStep];
}

void WeightLayout::convert(const Block &block, std::byte *out) const {
  if (form == WeightForm::Rows8Bit || form == WeightForm::Rows4Bit)
    return copyBytes(block, columns, bytesPerRow, out);
  switch (weight.dtype) {
  case DType::F32:
    return convertRows<DType::F32>(block, columns, form, bytesPerRow, out);
  case DType::F16:
    return convertRows<DType::F16>(block, columns, form, bytesPerRow, out);
  default:
    return convertRows<DType::BF16>(block, columns, form, bytesPerRow, out);
  }
}

void WeightLayout::write(int64_t begin, std::span<std::byte> out) const {
  assert(out.size() % bytesPerRow == 0);
  if (form == WeightForm::Stored) {
    std::memcpy(out.data(), weight.bytes.data() + begin, out.size());
    return;
  }
  std::memset(out.data(), 0, out.size());
  const int64_t end = std::min(numRows, begin + int64_t(out.size() / bytesPerRow));
  for (int64_t row = begin; row < end;) {
    Block block = blockAt(row);
    block.rows = std::min(block.rows, end - row);
    convert(block, out.data() + uint64_t(row - begin) * bytesPerRow);
    row += block.rows;
  }
}
