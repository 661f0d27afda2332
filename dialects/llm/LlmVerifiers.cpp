//===- LlmVerifiers.cpp - checks of the model's ops -----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/llm/Llm.h"
#include <cmath>

using namespace mlir;
using namespace qopt::llm;

static int64_t rowsOf(Value value) { return cast<RankedTensorType>(value.getType()).getDimSize(0); }

static int64_t columnsOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getDimSize(1);
}

static LogicalResult verifySameRows(Operation *op, Value from, Value to) {
  if (rowsOf(from) == rowsOf(to))
    return success();
  return op->emitOpError() << "needs as many rows in " << to.getType() << " as in "
                           << from.getType();
}

static LogicalResult verifyEps(Operation *op, const APFloat &eps) {
  if (eps.isFinite() && !eps.isNegative())
    return success();
  return op->emitOpError() << "eps is " << eps.convertToDouble()
                           << "; a finite number from 0 on would fit";
}

/// Whether a weight's last dimension is a panel's: the packed form of one with `rank` dimensions.
static bool isPackedForm(RankedTensorType type, int64_t rank) {
  return type.getRank() == rank + 1 && type.getShape().back() == PackOp::kPanelWidth;
}

LogicalResult EmbeddingOp::verify() {
  RankedTensorType table = getTable().getType();
  if (table.getRank() != 2 && !isPackedForm(table, 2))
    return emitOpError() << "table " << table
                         << " is neither a matrix [V, D] nor packed [panels, D, 32]";
  if (columnsOf(getResult()) != table.getDimSize(1))
    return emitOpError() << "result " << getResult().getType() << " has rows of "
                         << columnsOf(getResult()) << " elements, but the table's have "
                         << table.getDimSize(1);
  return verifySameRows(*this, getIndices(), getResult());
}

LogicalResult RmsNormOp::verify() {
  RankedTensorType weight = getWeight().getType();
  if (weight.getRank() != 1 || columnsOf(getX()) % weight.getDimSize(0))
    return emitOpError() << "weight " << weight << " does not fit rows of " << columnsOf(getX())
                         << "; a vector whose length divides it would";
  return verifyEps(*this, getEps());
}

LogicalResult LayerNormOp::verify() {
  for (Value vector : {getWeight(), getBias()}) {
    auto type = cast<RankedTensorType>(vector.getType());
    if (type.getRank() != 1 || type.getDimSize(0) != columnsOf(getX()))
      return emitOpError() << (vector == getWeight() ? "weight " : "bias ") << type
                           << " does not fit rows of " << columnsOf(getX()) << "; a vector of "
                           << columnsOf(getX()) << " would";
  }
  return verifyEps(*this, getEps());
}

/// A linear's weight and bias in panels.
static LogicalResult verifyPackedLinear(LinearOp op) {
  int64_t inputs = columnsOf(op.getX()), outputs = columnsOf(op.getResult()), ways = op.getWays();
  RankedTensorType weight = op.getWeight().getType();
  if (ways != 1 && ways != 2)
    return op.emitOpError() << "has " << ways << " ways; 1 and 2 are known";
  if (outputs % ways)
    return op.emitOpError() << "cannot halve " << outputs << " columns; an even number would fit";
  auto matrix = RankedTensorType::get({outputs, inputs}, weight.getElementType());
  if (weight != PackOp::packedType(matrix, ways))
    return op.emitOpError() << "weight " << weight << " does not make " << outputs << " columns of "
                            << inputs << "; " << PackOp::packedType(matrix, ways) << " would";
  if (!op.getBias())
    return success();
  auto vector = RankedTensorType::get({outputs}, op.getBias().getType().getElementType());
  if (op.getBias().getType() != PackOp::packedType(vector, ways))
    return op.emitOpError() << "bias " << op.getBias().getType() << " does not fit " << outputs
                            << " columns; " << PackOp::packedType(vector, ways) << " would";
  return success();
}

static LogicalResult verifyPlainLinear(LinearOp op) {
  int64_t inputs = columnsOf(op.getX()), outputs = columnsOf(op.getResult());
  RankedTensorType weight = op.getWeight().getType();
  if (op.getWays() != 1)
    return op.emitOpError() << "has " << op.getWays() << " ways, but its weight is not packed";
  auto expected = RankedTensorType::get({outputs, inputs}, weight.getElementType());
  if (weight != expected)
    return op.emitOpError() << "weight " << weight << " does not make " << outputs << " columns of "
                            << inputs << "; " << expected << " would";
  if (!op.getBias())
    return success();
  RankedTensorType bias = op.getBias().getType();
  if (bias.getRank() != 1 || bias.getDimSize(0) != outputs)
    return op.emitOpError() << "bias " << bias << " does not fit " << outputs
                            << " columns; a vector of " << outputs << " would";
  return success();
}

LogicalResult LinearOp::verify() {
  if (failed(verifySameRows(*this, getX(), getResult())))
    return failure();
  return isPacked() ? verifyPackedLinear(*this) : verifyPlainLinear(*this);
}

LogicalResult SliceOp::verify() {
  int64_t columns = columnsOf(getX()), size = columnsOf(getResult());
  int64_t offset = getOffset();
  // Not offset + size: it could overflow.
  if (offset < 0 || offset > columns || size > columns - offset)
    return emitOpError() << size << " columns at " << offset << " are not all in the " << columns
                         << " of " << getX().getType();
  return verifySameRows(*this, getX(), getResult());
}

LogicalResult RopeOp::verify() {
  int64_t headDim = getHeadDim();
  if (headDim < 2 || headDim > 256 || headDim % 2)
    return emitOpError() << "head_dim is " << headDim << "; an even number from 2 to 256 would fit";
  if (columnsOf(getX()) % headDim)
    return emitOpError() << "rows of " << columnsOf(getX()) << " are not a number of heads of "
                         << headDim;
  return success();
}

/// The cache that `user` names, or null with an error.
static CacheOp lookupCache(Operation *user, FlatSymbolRefAttr name, SymbolTableCollection &tables) {
  auto cache = tables.lookupNearestSymbolFrom<CacheOp>(user, name);
  if (!cache)
    user->emitOpError() << "there is no llm.cache " << name;
  return cache;
}

LogicalResult KvAppendOp::verifySymbolUses(SymbolTableCollection &tables) {
  CacheOp cache = lookupCache(*this, getCacheAttr(), tables);
  if (!cache)
    return failure();
  int64_t columns = cache.getKvHeads() * cache.getHeadDim();
  for (Value value : {getK(), getV()})
    if (columnsOf(value) != columns)
      return emitOpError() << (value == getK() ? "k " : "v ") << value.getType() << " does not fit "
                           << cache.getKvHeads() << " heads of " << cache.getHeadDim() << " in "
                           << getCacheAttr() << "; rows of " << columns << " would";
  return verifySameRows(*this, getK(), getV());
}

LogicalResult AttentionOp::verifySymbolUses(SymbolTableCollection &tables) {
  CacheOp cache = lookupCache(*this, getCacheAttr(), tables);
  if (!cache)
    return failure();
  int64_t heads = getHeads(), kvHeads = cache.getKvHeads(), headDim = cache.getHeadDim();
  if (heads < 1 || heads % kvHeads)
    return emitOpError() << heads << " query heads do not share " << kvHeads << " KV heads of "
                         << getCacheAttr() << "; a multiple of " << kvHeads << " would";
  if (columnsOf(getQ()) % headDim || columnsOf(getQ()) / headDim != heads)
    return emitOpError() << "rows of " << columnsOf(getQ()) << " are not " << heads << " heads of "
                         << headDim;
  if (!getScale().isFinite() || getScale().isNegative() || getScale().isZero())
    return emitOpError() << "scale is " << getScale().convertToDouble()
                         << "; a positive number would fit";
  if (getKeyBias() && !getRope())
    return emitOpError("has a bias of keys without rope: all scores of a query would shift alike");
  if (getRope() && headDim % 2)
    return emitOpError() << "rotation needs an even head size, not " << headDim;
  auto biasType = getKeyBias() ? getKeyBias().getType() : RankedTensorType();
  if (biasType && (biasType.getRank() != 1 || biasType.getDimSize(0) != kvHeads * headDim))
    return emitOpError() << "bias of keys is " << biasType << "; a vector of " << kvHeads * headDim
                         << " would fit";
  return success();
}

LogicalResult SelectRowsOp::verify() {
  if (columnsOf(getX()) != columnsOf(getResult()))
    return emitOpError() << "rows of " << columnsOf(getX()) << " become rows of "
                         << columnsOf(getResult()) << "; only their number may change";
  return verifySameRows(*this, getRows(), getResult());
}
