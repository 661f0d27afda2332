//===- KernelVerifiers.cpp - what kernel ops demand of their operands -----===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/kernel/Kernel.h"
#include "runtime/quantization/CacheFormat.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace mlir;
using namespace qopt;
using namespace qopt::kernel;

static constexpr int64_t kPanelWidth = llm::PackOp::kPanelWidth;

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }
static int64_t columnsOf(Value value) { return typeOf(value).getDimSize(1); }

/// A matrix `[rows, columns]` with rows either static or dynamic.
static LogicalResult verifyActivation(Operation *op, StringRef name, Value value) {
  RankedTensorType type = typeOf(value);
  if (type.getRank() != 2 || type.isDynamicDim(1))
    return op->emitOpError() << name << " must be a matrix with a static number of columns, not "
                             << type;
  return success();
}

static LogicalResult verifySameRows(Operation *op, StringRef name, Value value, Value reference) {
  if (typeOf(value).getDimSize(0) != typeOf(reference).getDimSize(0))
    return op->emitOpError() << name << " " << typeOf(value) << " has other rows than "
                             << typeOf(reference);
  return success();
}

static LogicalResult verifySameShape(Operation *op, StringRef name, Value value, Value reference) {
  if (typeOf(value).getShape() != typeOf(reference).getShape())
    return op->emitOpError() << name << " " << typeOf(value) << " has another shape than "
                             << typeOf(reference);
  return success();
}

/// Packed codes `[panels, depth]` with their scales and zeros, for panels of `rows` rows.
static LogicalResult verifyCodes(Operation *op, q::SchemeAttr scheme, int64_t rows, int64_t depth,
                                 int64_t ways, Value codes, ValueRange parameters) {
  if (!scheme.isByRow() || scheme.parameterCount() != parameters.size())
    return op->emitOpError() << "codes have scales by row or group; a scheme by "
                             << q::stringifyGranularity(scheme.getGranularity()) << " with "
                             << scheme.parameterCount() << " parameter tensors does not fit "
                             << parameters.size();
  if (DenseI64ArrayAttr block = scheme.getBlock(); block && depth % block[1] != 0)
    return op->emitOpError() << "groups of " << block[1] << " do not divide " << depth;
  // Either as they are or in their denser form (q.compact).
  auto fits = [&](Value value, RankedTensorType plain) {
    return typeOf(value) == llm::PackOp::packedType(plain, ways) ||
           typeOf(value) == llm::PackOp::packedType(q::compactType(scheme, plain), ways);
  };
  auto plain = RankedTensorType::get({rows, depth}, scheme.codeType());
  if (!fits(codes, plain))
    return op->emitOpError() << "codes of " << depth << " columns must be "
                             << llm::PackOp::packedType(plain, ways) << ", not " << typeOf(codes);
  plain = RankedTensorType::get({rows, scheme.groupsOf(depth)}, Float32Type::get(op->getContext()));
  for (Value value : parameters)
    if (!fits(value, plain))
      return op->emitOpError() << "scales must be " << llm::PackOp::packedType(plain, ways)
                               << ", not " << typeOf(value);
  return success();
}

/// A vector of `size` elements, such as a norm's weight.
static LogicalResult verifyVector(Operation *op, StringRef name, Value value, int64_t size) {
  RankedTensorType type = typeOf(value);
  if (type.getRank() != 1 || type.getDimSize(0) != size)
    return op->emitOpError() << name << " must be a vector of " << size << " elements, not "
                             << type;
  return success();
}

/// A region that computes one f32 from `inputs` scalars with arith and math ops and nothing else.
static LogicalResult verifyScalarRegion(Operation *op, Region &region, size_t inputs) {
  Block &block = region.front();
  if (block.getNumArguments() != inputs)
    return op->emitOpError() << "region has " << block.getNumArguments() << " arguments, needs "
                             << inputs;
  for (BlockArgument argument : block.getArguments())
    if (!argument.getType().isF32())
      return op->emitOpError() << "region argument " << argument.getArgNumber()
                               << " must be f32, not " << argument.getType();
  if (block.empty() || !isa<YieldOp>(block.back()))
    return op->emitOpError("region must end in kernel.yield");
  for (Operation &inner : block) {
    StringRef dialect = inner.getName().getDialectNamespace();
    if (dialect != "arith" && dialect != "math" && !isa<YieldOp>(inner))
      return op->emitOpError() << "region may hold arith and math ops only, not "
                               << inner.getName();
    for (Value operand : inner.getOperands())
      if (operand.getParentRegion() != &region)
        return op->emitOpError() << "region uses a value from outside in " << inner.getName();
  }
  return success();
}

static LogicalResult verifyEps(Operation *op, double eps) {
  if (!(eps > 0) || !std::isfinite(eps))
    return op->emitOpError() << "eps must be positive, not " << eps;
  return success();
}

/// The cache that `op` uses, checked against its query heads.
static FailureOr<llm::CacheOp> verifyCache(Operation *op, FlatSymbolRefAttr symbol, int64_t heads,
                                           int64_t resultColumns, SymbolTableCollection &symbols) {
  auto cache = symbols.lookupNearestSymbolFrom<llm::CacheOp>(op, symbol);
  if (!cache)
    return op->emitOpError() << "there is no llm.cache " << symbol;
  int64_t kvHeads = cache.getKvHeads(), headDim = cache.getHeadDim();
  if (heads <= 0 || heads % kvHeads != 0)
    return op->emitOpError() << heads << " heads cannot share the " << kvHeads << " KV heads of "
                             << symbol << "; a multiple of " << kvHeads << " can";
  if (resultColumns != heads * headDim)
    return op->emitOpError() << "result has " << resultColumns << " columns, but " << heads
                             << " heads of " << headDim << " in " << symbol << " make "
                             << heads * headDim;
  return cache;
}

LogicalResult kernel::verifyLaunchOp(Operation *op) {
  DenseI64ArrayAttr slots = cast<LaunchOpInterface>(op).getSlotsAttr();
  if (slots && slots.size() != int64_t(op->getNumResults()))
    return op->emitOpError() << "has " << slots.size() << " slots for " << op->getNumResults()
                             << " results";
  return success();
}

LogicalResult LaunchAttr::verify(function_ref<InFlightDiagnostic()> emitError, AffineMap grid,
                                 int64_t block, int64_t shared, int64_t scratch) {
  if (grid.getNumDims() != 0 || grid.getNumSymbols() != 2)
    return emitError() << "grid must map the symbols ()[T, B]";
  if (grid.getNumResults() < 1 || grid.getNumResults() > 3)
    return emitError() << "grid has " << grid.getNumResults() << " factors, must have 1 to 3";
  for (AffineExpr factor : grid.getResults()) {
    AffineExpr count = factor;
    if (auto binary = dyn_cast<AffineBinaryOpExpr>(factor);
        binary && binary.getKind() == AffineExprKind::CeilDiv &&
        isa<AffineConstantExpr>(binary.getRHS()))
      count = binary.getLHS();
    else if (auto constant = dyn_cast<AffineConstantExpr>(factor);
             constant && constant.getValue() > 0)
      continue;
    if (!isa<AffineSymbolExpr>(count))
      return emitError() << "grid factors are positive constants, T, B and ceildivs of T or B, not "
                         << AffineMapAttr::get(AffineMap::get(0, 2, factor));
  }
  if (block < 0 || shared < 0 || scratch < 0)
    return emitError() << "block, shared and scratch must not be negative";
  return success();
}

LogicalResult GatherOp::verify() {
  RankedTensorType table = typeOf(getTable());
  bool packed = table.getRank() == 3;
  if (!packed && table.getRank() != 2)
    return emitOpError() << "table must be a matrix or packed panels, not " << table;
  if (packed && table.getDimSize(2) != kPanelWidth)
    return emitOpError() << "packed table " << table << " must have panels of " << kPanelWidth
                         << " rows";
  if (packed && !getIndices())
    return emitOpError("a table gathered by position must not be packed");
  if (failed(verifyActivation(*this, "result", getResult())))
    return failure();
  if (q::SchemeAttr scheme = getTableSchemeAttr()) {
    if (!packed)
      return emitOpError() << "a table of codes must be packed panels, not " << table;
    if (failed(verifyCodes(*this, scheme, table.getDimSize(0) * kPanelWidth, columnsOf(getResult()),
                           /*ways=*/1, getTable(), getTableParameters())))
      return failure();
  } else if (!getTableParameters().empty()) {
    return emitOpError("has scales, but no table_scheme");
  } else if (table.getDimSize(1) != columnsOf(getResult())) {
    return emitOpError() << "result has " << columnsOf(getResult()) << " columns, the table "
                         << table.getDimSize(1);
  }
  if (Value indices = getIndices()) {
    if (typeOf(indices).getRank() != 1)
      return emitOpError() << "indices must be a vector, not " << typeOf(indices);
    if (failed(verifySameRows(*this, "indices", indices, getResult())))
      return failure();
  }
  return success();
}

/// What quantization makes of an activation: codes with scales computed or given, or values.
static LogicalResult verifyQuantized(Operation *op, q::SchemeAttr scheme, Value result, Value given,
                                     Value scales) {
  if (scheme.getZero() != q::ZeroPoint::None || scheme.parameterCount() != 1 ||
      scheme.getGranularity() == q::Granularity::Block)
    return op->emitOpError(
        "activations have symmetric schemes with scales by row, group or tensor");
  RankedTensorType type = typeOf(result);
  bool isCodes = type.getElementType().isInteger();
  if (isCodes && type.getElementType() != scheme.codeType())
    return op->emitOpError() << "codes are " << scheme.codeType() << ", not "
                             << type.getElementType();
  if (bool(scales) != (isCodes && !given))
    return op->emitOpError("codes come with scales unless their scale is given, values without");
  if (given && scheme.getGranularity() != q::Granularity::Tensor)
    return op->emitOpError("a given scale is that of a tensor");
  if (scheme.getGranularity() == q::Granularity::Group &&
      type.getDimSize(1) % scheme.getBlock()[1] != 0)
    return op->emitOpError() << "groups of " << scheme.getBlock()[1] << " do not divide "
                             << type.getDimSize(1) << " columns";
  for (auto [name, value] : {std::pair<StringRef, Value>{"scales", scales}, {"scale", given}})
    if (value && typeOf(value).getShape() != ArrayRef(scheme.scaleShape(type.getShape())))
      return op->emitOpError() << name << " " << typeOf(value) << " of " << type << " must be "
                               << RankedTensorType::get(scheme.scaleShape(type.getShape()),
                                                        typeOf(value).getElementType());
  return success();
}

LogicalResult NormOp::verify() {
  if (failed(verifyActivation(*this, "x", getX())) ||
      failed(verifySameShape(*this, "result", getResult(), getX())))
    return failure();
  if (bool(getResidual()) != bool(getSum()))
    return emitOpError("residual and sum belong together");
  if (getResidual() && (failed(verifySameShape(*this, "residual", getResidual(), getX())) ||
                        failed(verifySameShape(*this, "sum", getSum(), getX()))))
    return failure();
  int64_t columns = columnsOf(getX());
  if (failed(verifyVector(*this, "weight", getWeight(), columns)))
    return failure();
  if (getBias()) {
    if (getKind() != NormKind::Layer)
      return emitOpError("only layer norms have a bias");
    if (failed(verifyVector(*this, "bias", getBias(), columns)))
      return failure();
  }
  if (getResultScheme()) {
    if (failed(verifyQuantized(*this, *getResultScheme(), getResult(), getScale(), getScales())))
      return failure();
  } else if (getScale() || getScales() || typeOf(getResult()).getElementType().isInteger()) {
    return emitOpError("codes and scales belong to a result_scheme");
  }
  return verifyEps(*this, getEps().convertToDouble());
}

LogicalResult MatmulOp::verify() {
  int64_t ways = getWays(), columns = getColumns();
  if (ways != 1 && ways != 2)
    return emitOpError() << "ways must be 1 or 2, not " << ways;
  if (failed(verifyActivation(*this, "x", getX())) ||
      failed(verifyActivation(*this, "result", getResult())) ||
      failed(verifySameRows(*this, "result", getResult(), getX())))
    return failure();
  if (columnsOf(getResult()) != columns)
    return emitOpError() << "result has " << columnsOf(getResult()) << " columns, not " << columns;
  int64_t panels = llvm::divideCeil(columns, kPanelWidth / ways);
  RankedTensorType weight = typeOf(getWeight());
  if (bool(getXScales()) != bool(getXSchemeAttr()) ||
      bool(getXScales()) != typeOf(getX()).getElementType().isInteger(8))
    return emitOpError("x is f32 or bf16 alone, or 8-bit codes with scales and x_scheme");
  if (q::SchemeAttr scheme = getWeightSchemeAttr()) {
    if (failed(verifyCodes(*this, scheme, columns * ways, columnsOf(getX()), ways, getWeight(),
                           getWeightParameters())))
      return failure();
  } else if (!getWeightParameters().empty()) {
    return emitOpError("has weight scales, but no weight_scheme");
  } else if (weight.getShape() != ArrayRef<int64_t>{panels, columnsOf(getX()), kPanelWidth}) {
    return emitOpError() << "weight must be packed as " << panels << "x" << columnsOf(getX()) << "x"
                         << kPanelWidth << " for " << columns << " columns and ways = " << ways
                         << ", not " << weight;
  }
  for (auto [i, extra] : llvm::enumerate(getExtras())) {
    ArrayRef<int64_t> shape = typeOf(extra).getShape();
    bool isRowVector = ways == 1 && shape == ArrayRef<int64_t>{panels, kPanelWidth};
    bool isActivation = shape == typeOf(getResult()).getShape();
    if (!isRowVector && !isActivation)
      return emitOpError() << "extra " << i << " must be a packed vector " << panels << "x"
                           << kPanelWidth << " (ways = 1 only) or an activation like "
                           << typeOf(getResult()) << ", not " << typeOf(extra);
  }
  return verifyScalarRegion(*this, getEpilogue(), ways + getExtras().size());
}

/// Result, inputs, offsets and region of a map or quantize.
template <typename Op> static LogicalResult verifyElementwise(Op op) {
  if (op.getInputs().empty())
    return op.emitOpError("needs an input");
  if (failed(verifyActivation(op, "result", op.getResult())))
    return failure();
  if (op.getOffsets().size() != op.getInputs().size())
    return op.emitOpError() << "has " << op.getOffsets().size() << " offsets for "
                            << op.getInputs().size() << " inputs";
  int64_t columns = columnsOf(op.getResult());
  for (auto [i, input, offset] : llvm::enumerate(op.getInputs(), op.getOffsets())) {
    std::string name = "input " + std::to_string(i);
    if (failed(verifyActivation(op, name, input)) ||
        failed(verifySameRows(op, name, input, op.getResult())))
      return failure();
    if (offset < 0 || offset + columns > columnsOf(input))
      return op.emitOpError() << "columns [" << offset << ", " << offset + columns << ") of "
                              << name << " go beyond its " << columnsOf(input);
  }
  return verifyScalarRegion(op, op.getBody(), op.getInputs().size());
}

LogicalResult MapOp::verify() { return verifyElementwise(*this); }

LogicalResult QuantizeOp::verify() {
  if (failed(verifyElementwise(*this)))
    return failure();
  return verifyQuantized(*this, getScheme(), getResult(), getScale(), getScales());
}

/// q, k, v and their norms, of rope_append and append_attention.
template <typename Op> static LogicalResult verifyHeads(Op op) {
  for (auto [name, value] : {std::pair<StringRef, Value>("q", op.getQ()),
                             {"k", op.getK()},
                             {"v", op.getV()},
                             {"result", op.getResult()}})
    if (failed(verifyActivation(op, name, value)) ||
        failed(verifySameRows(op, name, value, op.getQ())))
      return failure();
  if (op.getOffsets().size() != 3)
    return op.emitOpError() << "has " << op.getOffsets().size()
                            << " offsets, must have 3: of q, k and v";
  if (bool(op.getQNorm()) != bool(op.getKNorm()))
    return op.emitOpError("q and k are both normalized or neither is");
  if (bool(op.getQNorm()) != op.getEps().has_value())
    return op.emitOpError("eps belongs to norms");
  if (op.getEps())
    return verifyEps(op, op.getEps()->convertToDouble());
  return success();
}

/// The same against the cache, which is returned.
template <typename Op>
static FailureOr<llm::CacheOp> verifyHeadsInCache(Op op, SymbolTableCollection &symbols) {
  FailureOr<llm::CacheOp> cache =
      verifyCache(op, op.getCacheAttr(), op.getHeads(), columnsOf(op.getResult()), symbols);
  if (failed(cache))
    return failure();
  int64_t headDim = cache->getHeadDim(), kvColumns = cache->getKvHeads() * headDim;
  if (op.getRope() && headDim % 2 != 0)
    return op.emitOpError() << "rotation needs an even head size, not " << headDim;
  for (auto [name, value, offset, columns] :
       {std::tuple<StringRef, Value, int64_t, int64_t>("q", op.getQ(), op.getOffsets()[0],
                                                       columnsOf(op.getResult())),
        {"k", op.getK(), op.getOffsets()[1], kvColumns},
        {"v", op.getV(), op.getOffsets()[2], kvColumns}})
    if (offset < 0 || offset + columns > columnsOf(value))
      return op.emitOpError() << "columns [" << offset << ", " << offset + columns << ") of "
                              << name << " go beyond its " << columnsOf(value);
  if (op.getQNorm() && (failed(verifyVector(op, "q_norm", op.getQNorm(), headDim)) ||
                        failed(verifyVector(op, "k_norm", op.getKNorm(), headDim))))
    return failure();
  return cache;
}

static LogicalResult verifyScale(Operation *op, double scale) {
  if (!(scale > 0) || !std::isfinite(scale))
    return op->emitOpError() << "scale must be positive, not " << scale;
  return success();
}

LogicalResult RopeAppendOp::verify() {
  if (getKeysUnrotated() && !getRope())
    return emitOpError("keys_unrotated belongs to rope");
  return verifyHeads(*this);
}

/// Append and attention must agree with the cache on who rotates keys.
static LogicalResult verifyKeyRotation(Operation *op, llm::CacheOp cache, bool isDeferred) {
  if (parseCacheFormat(std::string_view(cache.getK())).beforeRope == isDeferred)
    return success();
  return op->emitOpError() << "keys " << cache.getK() << " of @" << cache.getSymName() << " are "
                           << (isDeferred ? "not " : "") << "cached before their rotary embedding; "
                           << "defer-key-rope makes ops of such caches";
}

/// A bias is there only where attention rotates what it is added to.
template <typename Op>
static LogicalResult verifyKeyBias(Op op, llm::CacheOp cache, bool isDeferred) {
  if (!op.getKeyBias())
    return success();
  if (!isDeferred)
    return op.emitOpError("a bias of keys belongs to keys that are rotated as they are read");
  return verifyVector(op, "key_bias", op.getKeyBias(), cache.getKvHeads() * cache.getHeadDim());
}

LogicalResult RopeAppendOp::verifySymbolUses(SymbolTableCollection &symbols) {
  FailureOr<llm::CacheOp> cache = verifyHeadsInCache(*this, symbols);
  return failed(cache) ? failure() : verifyKeyRotation(*this, *cache, getKeysUnrotated());
}

int64_t AppendAttentionOp::getPartialColumns(int64_t splits, int64_t heads, int64_t headDim) {
  return splits * heads * (int64_t(llvm::alignTo(headDim, 8)) + 2);
}

LogicalResult AppendAttentionOp::verify() {
  if (failed(verifyHeads(*this)) || failed(verifyScale(*this, getScale().convertToDouble())))
    return failure();
  int64_t splits = getSplits();
  if (splits < 1)
    return emitOpError() << "splits must be positive, not " << splits;
  if (bool(getPartials()) != (splits > 1))
    return emitOpError("partials belong to more than one split");
  if (getPartials() && (failed(verifyActivation(*this, "partials", getPartials())) ||
                        failed(verifySameRows(*this, "partials", getPartials(), getQ()))))
    return failure();
  return success();
}

LogicalResult AppendAttentionOp::verifySymbolUses(SymbolTableCollection &symbols) {
  FailureOr<llm::CacheOp> cache = verifyHeadsInCache(*this, symbols);
  if (failed(cache))
    return failure();
  bool isDeferred = parseCacheFormat(std::string_view(cache->getK())).beforeRope;
  if (isDeferred && !getRope())
    return verifyKeyRotation(*this, *cache, /*isDeferred=*/false);
  if (failed(verifyKeyBias(*this, *cache, isDeferred)))
    return failure();
  if (!getPartials())
    return success();
  int64_t columns = getPartialColumns(getSplits(), getHeads(), cache->getHeadDim());
  if (columnsOf(getPartials()) != columns || !typeOf(getPartials()).getElementType().isF32())
    return emitOpError() << "partials of " << getSplits() << " splits of " << getHeads()
                         << " heads must be f32 in " << columns << " columns, not "
                         << typeOf(getPartials());
  return success();
}

LogicalResult AttentionOp::verify() {
  if (failed(verifyActivation(*this, "q", getQ())) ||
      failed(verifySameShape(*this, "result", getResult(), getQ())))
    return failure();
  return verifyScale(*this, getScale().convertToDouble());
}

LogicalResult AttentionOp::verifySymbolUses(SymbolTableCollection &symbols) {
  FailureOr<llm::CacheOp> cache =
      verifyCache(*this, getCacheAttr(), getHeads(), columnsOf(getResult()), symbols);
  if (failed(cache) || failed(verifyKeyRotation(*this, *cache, bool(getRope()))))
    return failure();
  return verifyKeyBias(*this, *cache, bool(getRope()));
}

int64_t ScoreOp::getThreads(int64_t vocabulary) {
  constexpr int64_t most = 256, warp = 32;
  return std::min<int64_t>(most,
                           int64_t(llvm::alignTo(llvm::divideCeil(vocabulary, kPerThread), warp)));
}

int64_t ScoreOp::getParts(int64_t vocabulary) {
  return int64_t(llvm::divideCeil(vocabulary, getThreads(vocabulary) * kPerThread));
}

LogicalResult ScoreOp::verify() {
  if (failed(verifyActivation(*this, "logits", getLogits())) ||
      failed(verifyActivation(*this, "result", getResult())) ||
      failed(verifySameRows(*this, "result", getResult(), getLogits())))
    return failure();
  RankedTensorType targets = typeOf(getTargets());
  if (targets.getRank() != 1)
    return emitOpError() << "targets must be a vector, not " << targets;
  if (failed(verifySameRows(*this, "targets", getTargets(), getLogits())))
    return failure();
  int64_t vocabulary = columnsOf(getLogits()), parts = getParts(vocabulary);
  if (vocabulary >= int64_t(1) << 24)
    return emitOpError() << "ids of " << vocabulary << " logits are not all numbers of f32";
  if (columnsOf(getResult()) != kColumns)
    return emitOpError() << "result has " << columnsOf(getResult()) << " columns, needs "
                         << kColumns;
  if (bool(getPartials()) != (parts > 1))
    return emitOpError() << "a row of " << vocabulary << " logits is scored in " << parts
                         << (parts == 1 ? " part, which has no partials" : " parts with partials");
  if (!getPartials())
    return success();
  if (failed(verifySameRows(*this, "partials", getPartials(), getLogits())))
    return failure();
  if (typeOf(getPartials()).getRank() != 2 || columnsOf(getPartials()) != parts * kPartColumns)
    return emitOpError() << "partials of " << parts << " parts have " << parts * kPartColumns
                         << " columns, not " << typeOf(getPartials());
  return success();
}
