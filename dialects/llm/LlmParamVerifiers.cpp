//===- LlmParamVerifiers.cpp - checks of parameters and what computes them ===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/llm/Llm.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "runtime/formats/Error.h"
#include "runtime/quantization/CacheFormat.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace qopt::llm;

/// The parameter that `user` names, or null with an error.
static ParamOp lookupParam(Operation *user, FlatSymbolRefAttr name, SymbolTableCollection &tables) {
  auto param = tables.lookupNearestSymbolFrom<ParamOp>(user, name);
  if (!param)
    user->emitOpError() << "there is no llm.param " << name;
  return param;
}

static LogicalResult verifyParamType(Operation *user, ParamOp param, Type type) {
  if (param.getType() == type)
    return success();
  auto diagnostic = user->emitOpError() << "has type " << type << ", but @" << param.getSymName()
                                        << " is a " << param.getType();
  diagnostic.attachNote(param.getLoc()) << "the parameter";
  return diagnostic;
}

LogicalResult ParamOp::verify() {
  if (!getContents() || isa<SourceAttr, RandomAttr, SplatAttr>(*getContents()))
    return success();
  auto numbers = dyn_cast<DenseFPElementsAttr>(*getContents());
  if (!numbers)
    return emitOpError() << "contents must be #llm.source, #llm.random, #llm.splat or numbers, not "
                         << *getContents();
  if (numbers.getType() != getType() || !numbers.getElementType().isF32())
    return emitOpError() << "of type " << getType() << " has numbers of type " << numbers.getType()
                         << "; both must be the same, with elements of type f32";
  return success();
}

LogicalResult CacheOp::verify() {
  if (getKvHeads() < 1 || getHeadDim() < 1 || getHeadDim() > 256)
    return emitOpError() << "has " << getKvHeads() << " KV heads of " << getHeadDim()
                         << " elements; 1 or more of 1 to 256 would fit";
  for (auto [format, isKey] : {std::pair(getK(), true), {getV(), false}}) {
    try {
      checkCacheFormat(parseCacheFormat(std::string_view(format)), isKey, getHeadDim());
    } catch (const Error &error) {
      return emitOpError() << error.what();
    }
  }
  return success();
}

LogicalResult GetOp::verifySymbolUses(SymbolTableCollection &tables) {
  ParamOp param = lookupParam(*this, getParamAttr(), tables);
  return param ? verifyParamType(*this, param, getResult().getType()) : failure();
}

LogicalResult SetOp::verify() {
  auto function = dyn_cast<func::FuncOp>((*this)->getParentOp());
  if (!function || function.getSymName() != "load")
    return emitOpError() << "parameters are computed in @load, at its top level";
  // The first one checks for all of them, so that verification takes linear time.
  for (Operation *before = (*this)->getPrevNode(); before; before = before->getPrevNode())
    if (isa<SetOp>(before))
      return success();
  DenseMap<StringAttr, SetOp> firstSet;
  for (SetOp set : (*this)->getBlock()->getOps<SetOp>()) {
    auto [first, isFirst] = firstSet.try_emplace(set.getParamAttr().getAttr(), set);
    if (isFirst)
      continue;
    auto diagnostic = set.emitOpError() << set.getParamAttr() << " is set twice";
    diagnostic.attachNote(first->second.getLoc()) << "here first";
    return diagnostic;
  }
  return success();
}

LogicalResult SetOp::verifySymbolUses(SymbolTableCollection &tables) {
  ParamOp param = lookupParam(*this, getParamAttr(), tables);
  if (!param)
    return failure();
  if (param.getContents())
    return emitOpError() << getParamAttr() << " already has contents, " << *param.getContents();
  return verifyParamType(*this, param, getValue().getType());
}

LogicalResult TransposeOp::verify() {
  RankedTensorType from = getValue().getType(), to = getResult().getType();
  if (from.getRank() != 2)
    return emitOpError() << "transposes matrices, not " << from;
  auto expected =
      RankedTensorType::get({from.getDimSize(1), from.getDimSize(0)}, from.getElementType());
  if (to != expected)
    return emitOpError() << "result is " << to << "; " << expected << " would fit";
  return success();
}

LogicalResult ConcatOp::verify() {
  if (getValues().empty())
    return emitOpError() << "needs at least one value";
  auto first = cast<RankedTensorType>(getValues().front().getType());
  int64_t rows = 0;
  for (Value value : getValues()) {
    auto type = cast<RankedTensorType>(value.getType());
    if (type.getElementType() != first.getElementType() ||
        type.getShape().drop_front() != first.getShape().drop_front())
      return emitOpError() << "cannot stack " << type << " on " << first
                           << ": they differ in more than the first dimension";
    rows += type.getDimSize(0);
  }
  SmallVector<int64_t> shape(first.getShape());
  shape[0] = rows;
  auto expected = RankedTensorType::get(shape, first.getElementType());
  if (getResult().getType() != expected)
    return emitOpError() << "result is " << getResult().getType() << "; " << expected
                         << " would fit";
  return success();
}

LogicalResult CastOp::verify() {
  if (getValue().getType().getShape() != getResult().getType().getShape())
    return emitOpError() << "changes the shape of " << getValue().getType() << " to "
                         << getResult().getType() << "; only the element type may change";
  return success();
}

LogicalResult RepeatOp::verify() {
  RankedTensorType from = getValue().getType(), to = getResult().getType();
  int64_t times = getTimes();
  if (from.getRank() != 2 || times < 1)
    return emitOpError() << "repeats rows of matrices once or more often, not of " << from << " "
                         << times << " times";
  auto expected = RankedTensorType::get({from.getDimSize(0) * times, from.getDimSize(1)},
                                        from.getElementType());
  if (to != expected)
    return emitOpError() << "result is " << to << "; " << expected << " would fit";
  return success();
}

int64_t PackOp::panelCount(int64_t rows, int64_t ways) {
  return llvm::divideCeil(rows / ways, kPanelWidth / ways);
}

RankedTensorType PackOp::packedType(RankedTensorType type, int64_t ways) {
  SmallVector<int64_t> shape(type.getShape());
  shape[0] = panelCount(shape[0], ways);
  shape.push_back(kPanelWidth);
  Type element = type.getElementType();
  if (!element.isInteger(4))
    return RankedTensorType::get(shape, element);
  shape[1] = llvm::divideCeil(shape[1], 2);
  return RankedTensorType::get(shape, IntegerType::get(type.getContext(), 8));
}

LogicalResult PackOp::verify() {
  RankedTensorType type = getValue().getType();
  if (type.getRank() > 2)
    return emitOpError() << "packs matrices and vectors, not " << type;
  if (type.getRank() == 1 && type.getElementType().isInteger(4))
    return emitOpError() << "packs vectors of whole bytes, not " << type;
  if (getWays() != 1 && getWays() != 2)
    return emitOpError() << "has " << getWays() << " ways; 1 and 2 are known";
  if (type.getDimSize(0) % getWays())
    return emitOpError() << "cannot halve " << type.getDimSize(0) << " rows; an even number would "
                         << "fit";
  RankedTensorType expected = packedType(type, getWays());
  if (getResult().getType() != expected)
    return emitOpError() << "result is " << getResult().getType() << "; " << expected
                         << " would fit";
  return success();
}

/// Whether `channels` are heads of `headDim` elements in groups of `group`.
static LogicalResult verifyGroups(Operation *op, int64_t channels, int64_t group, int64_t headDim) {
  if (group < 1 || headDim < 1 || channels % (group * headDim))
    return op->emitOpError() << channels << " channels are no groups of " << group << " heads of "
                             << headDim << " elements";
  return success();
}

/// A vector of `size` f32 scales.
static LogicalResult verifyScales(Operation *op, Value scales, int64_t size) {
  auto expected = RankedTensorType::get({size}, Float32Type::get(op->getContext()));
  if (scales.getType() != expected)
    return op->emitOpError() << "has scales " << scales.getType() << "; " << expected
                             << " would fit";
  return success();
}

LogicalResult SmoothingOp::verify() {
  if (getWeights().empty())
    return emitOpError("needs at least one weight");
  int64_t channels = cast<RankedTensorType>(getWeights().front().getType()).getShape().back();
  for (Value weight : getWeights()) {
    auto type = cast<RankedTensorType>(weight.getType());
    if (type.getRank() != 2 || type.getDimSize(1) != channels)
      return emitOpError() << "weight " << type << " is no matrix with " << channels << " columns";
  }
  auto statistic = RankedTensorType::get({channels}, Float32Type::get(getContext()));
  if (getActivation().getType() != statistic)
    return emitOpError() << "has the statistic " << getActivation().getType() << " of " << channels
                         << " channels; " << statistic << " would fit";
  double alpha = getAlpha().convertToDouble();
  if (!(alpha >= 0 && alpha <= 1))
    return emitOpError() << "alpha is " << alpha << "; 0 to 1 would fit";
  if (failed(verifyGroups(*this, channels, getGroup(), getHeadDim())))
    return failure();
  return verifyScales(*this, getResult(), channels / int64_t(getGroup()));
}

LogicalResult ScaleOp::verify() {
  RankedTensorType from = getValue().getType();
  auto expected = RankedTensorType::get(from.getShape(), Float32Type::get(getContext()));
  if (getResult().getType() != expected)
    return emitOpError() << "result is " << getResult().getType() << "; " << expected
                         << " would fit";
  if (from.getRank() > 2 || (getColumns() && from.getRank() != 2))
    return emitOpError() << "scales rows of matrices and vectors, or columns of matrices, not of "
                         << from;
  if (getColumns()) {
    if (failed(verifyGroups(*this, from.getDimSize(1), getGroup(), getHeadDim())))
      return failure();
    return verifyScales(*this, getScales(), from.getDimSize(1) / int64_t(getGroup()));
  }
  int64_t size = getScales().getType().getDimSize(0);
  if (int64_t(getOffset()) + size > from.getDimSize(0) || int64_t(getOffset()) < 0)
    return emitOpError() << "rows [" << getOffset() << ", " << int64_t(getOffset()) + size
                         << ") go beyond the " << from.getDimSize(0) << " of " << from;
  return verifyScales(*this, getScales(), size);
}
