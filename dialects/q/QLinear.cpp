//===- QLinear.cpp - linears and tables of codes --------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/q/Q.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::q;

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

//===----------------------------------------------------------------------===//
// LinearInterface
//===----------------------------------------------------------------------===//

Value LinearOp::getInput() { return getX(); }

OperandRange LinearOp::getWeightOperands() {
  unsigned first = getXScales() ? 2 : 1;
  return getOperands().slice(first, 1 + getWeightParameters().size());
}

Value LinearOp::getBiasOperand() { return getBias(); }

SmallVector<StringRef> LinearOp::getWeightSuffixes() {
  SmallVector<StringRef> suffixes = {".weight.codes", ".weight.scales", ".weight.zeros"};
  suffixes.truncate(getWeightOperands().size());
  return suffixes;
}

//===----------------------------------------------------------------------===//
// Verifiers
//===----------------------------------------------------------------------===//

/// Codes `[rows, columns]` of a scheme by row with their parameters, in panels if codes are.
static LogicalResult verifyCodes(Operation *op, StringRef what, SchemeAttr scheme, int64_t rows,
                                 int64_t columns, int64_t ways, Value codes,
                                 OperandRange parameters) {
  if (!scheme.isByRow() || scheme.parameterCount() == 0)
    return op->emitOpError() << what << " must have scales by row or group, not a scheme by "
                             << stringifyGranularity(scheme.getGranularity()) << " of "
                             << stringifyStorage(scheme.getStorage());
  if (DenseI64ArrayAttr block = scheme.getBlock(); block && columns % block[1] != 0)
    return op->emitOpError() << "groups of " << block[1] << " do not divide " << columns
                             << " columns of the " << what;
  if (parameters.size() != scheme.parameterCount())
    return op->emitOpError() << what << " needs " << scheme.parameterCount()
                             << " parameter tensors (scales"
                             << (scheme.parameterCount() == 2 ? " and zeros" : "")
                             << ") for its scheme, has " << parameters.size();
  Builder builder(op->getContext());
  bool isPacked = typeOf(codes).getRank() > 2;
  auto check = [&](StringRef part, Value value, int64_t width, Type element) -> LogicalResult {
    auto expected = RankedTensorType::get({rows, width}, element);
    if (isPacked) {
      RankedTensorType compact = compactType(scheme, expected);
      if (value.getType() == llm::PackOp::packedType(compact, ways))
        return success();
      expected = llm::PackOp::packedType(expected, ways);
    }
    if (value.getType() == expected)
      return success();
    return op->emitOpError() << part << " of the " << what << " are " << value.getType() << "; "
                             << expected << " would fit";
  };
  if (failed(check("codes", codes, columns, scheme.codeType())))
    return failure();
  for (auto [part, value] : llvm::zip(ArrayRef<StringRef>{"scales", "zeros"}, parameters))
    if (failed(check(part, value, scheme.groupsOf(columns), builder.getF32Type())))
      return failure();
  return success();
}

/// x of a linear: f32, or codes with scales.
static LogicalResult verifyInput(LinearOp op) {
  std::optional<SchemeAttr> scheme = op.getXScheme();
  RankedTensorType x = typeOf(op.getX());
  if (x.getRank() != 2 || x.isDynamicDim(1))
    return op.emitOpError() << "x must be a matrix with a static row length, not " << x;
  if (bool(scheme) != bool(op.getXScales()) || bool(scheme) != x.getElementType().isInteger(8))
    return op.emitOpError("x is f32 alone, or 8-bit codes with scales and x_scheme");
  if (!scheme)
    return success();
  if (scheme->getZero() != q::ZeroPoint::None || !multipliesAsCodes(op.getWeightScheme(), *scheme))
    return op.emitOpError() << "has no products of " << stringifyStorage(scheme->getStorage())
                            << " codes with " << stringifyStorage(op.getWeightScheme().getStorage())
                            << " codes; symmetric int8 with int8 or int4, and fp8 with fp8, have";
  SmallVector<int64_t> shape = scheme->scaleShape(x.getShape());
  if (typeOf(op.getXScales()).getShape() != ArrayRef(shape))
    return op.emitOpError() << "scales of x are " << op.getXScales().getType() << "; "
                            << RankedTensorType::get(shape, Float32Type::get(op.getContext()))
                            << " would fit";
  return success();
}

LogicalResult LinearOp::verify() {
  if (failed(verifyInput(*this)))
    return failure();
  RankedTensorType result = typeOf(getResult());
  if (result.getRank() != 2 || result.isDynamicDim(1) ||
      result.getDimSize(0) != typeOf(getX()).getDimSize(0))
    return emitOpError() << "result " << result << " must have the rows of " << getX().getType()
                         << " and a static row length";
  int64_t ways = getWays(), rows = result.getDimSize(1);
  bool isPacked = typeOf(getWeight()).getRank() > 2;
  if (ways != 1 && (ways != 2 || !isPacked || rows % 2))
    return emitOpError() << "has " << ways << " ways; 1, and 2 for an even number of columns in "
                         << "panels, are known";
  if (failed(verifyCodes(*this, "weight", getWeightScheme(), rows, typeOf(getX()).getDimSize(1),
                         ways, getWeight(), getWeightParameters())))
    return failure();
  if (!getBias())
    return success();
  auto bias = RankedTensorType::get({rows}, typeOf(getBias()).getElementType());
  if (isPacked)
    bias = llm::PackOp::packedType(bias, ways);
  if (getBias().getType() != bias)
    return emitOpError() << "bias " << getBias().getType() << " does not fit " << rows
                         << " columns; " << bias << " would";
  return success();
}

LogicalResult EmbeddingOp::verify() {
  RankedTensorType result = typeOf(getResult()), table = typeOf(getTable());
  if (typeOf(getIndices()).getRank() != 1 || result.getRank() != 2 || result.isDynamicDim(1) ||
      result.getDimSize(0) != typeOf(getIndices()).getDimSize(0))
    return emitOpError() << "needs as many rows in " << result << " as in "
                         << getIndices().getType();
  // How many rows the last panel has of a packed table makes no difference to its type.
  int64_t rows = table.getDimSize(0);
  if (table.getRank() > 2)
    rows *= llm::PackOp::kPanelWidth;
  return verifyCodes(*this, "table", getScheme(), rows, result.getDimSize(1), /*ways=*/1,
                     getTable(), getParameters());
}
