//===- ParamExpression.h - what @load computes, read in parts ---*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_ARTIFACT_PARAMEXPRESSION_H
#define QOPT_LOWERING_ARTIFACT_PARAMEXPRESSION_H

#include "runtime/formats/CheckpointFiles.h"
#include "runtime/formats/DType.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace qopt {

/// A part of a matrix: rows `[row, row + rows)` of columns `[column, column + columns)`.
struct Rect {
  int64_t row, rows;
  int64_t column, columns;
  int64_t elements() const { return rows * columns; }
};

/// Contents that need not be stored, as the runtime can make them.
struct GeneratedContents {
  bool isSplat;
  double value; ///< of a splat, or the standard deviation of random contents
  int64_t seed; ///< 0 for splats
};

/// The value of a parameter, of which any part can be computed alone: a tensor is written in small
/// pieces by many threads, straight from the mapped checkpoint. Seen as a matrix: the first
/// dimension is rows, the others together are columns; a vector has one column.
class ParamExpression {
public:
  ParamExpression(DType dtype, llvm::ArrayRef<int64_t> shape);
  virtual ~ParamExpression() = default;

  /// Computes a part into `out`, row after row. Thread-safe. Throws Error.
  virtual void read(const Rect &rect, std::span<std::byte> out) const = 0;

  /// What to generate instead of storing this, if all that it reads is generated alike.
  virtual std::optional<GeneratedContents> generated() const = 0;

  /// The mapped tensors that this reads.
  virtual void collectSources(std::vector<MappedBytes> &sources) const = 0;

  DType dtype() const { return elementType; }
  llvm::ArrayRef<int64_t> shape() const { return dimensions; }
  int64_t rows() const { return dimensions[0]; }
  int64_t columns() const { return columnCount; }
  size_t elementBytes() const { return byteSize(elementType); }

private:
  DType elementType;
  llvm::SmallVector<int64_t, 3> dimensions;
  int64_t columnCount;
};

using ParamExpressionPtr = std::shared_ptr<const ParamExpression>;

/// A part of an expression of a float type, as f32.
std::vector<float> readF32(const ParamExpression &expression, const Rect &rect);

/// A checkpoint's tensor. The file must outlive the expression.
ParamExpressionPtr makeStoredParam(const SafetensorsFile &file, const TensorInfo &tensor);
/// Random contents of the parameter `name` (runtime/formats/RandomFill.h).
ParamExpressionPtr makeRandomParam(DType dtype, llvm::ArrayRef<int64_t> shape,
                                   const std::string &name, int64_t seed, double deviation);
ParamExpressionPtr makeSplatParam(DType dtype, llvm::ArrayRef<int64_t> shape, double value);
/// Numbers as they are, f32.
ParamExpressionPtr makeNumbersParam(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<float> numbers);

// The ops of @load, with llm's meaning. `shape` is that of the result.
ParamExpressionPtr makeTransposed(ParamExpressionPtr operand);
ParamExpressionPtr makeConcat(std::vector<ParamExpressionPtr> operands,
                              llvm::ArrayRef<int64_t> shape);
ParamExpressionPtr makeCast(ParamExpressionPtr operand, DType dtype);
ParamExpressionPtr makeRepeated(ParamExpressionPtr operand, int64_t times);
ParamExpressionPtr makePacked(ParamExpressionPtr operand, llvm::ArrayRef<int64_t> shape,
                              int64_t ways);
/// The same of codes of 4 bits, a byte each in `operand`, two to a byte in the result.
ParamExpressionPtr makePackedPairs(ParamExpressionPtr operand, llvm::ArrayRef<int64_t> shape,
                                   int64_t ways);

} // namespace qopt

#endif // QOPT_LOWERING_ARTIFACT_PARAMEXPRESSION_H
