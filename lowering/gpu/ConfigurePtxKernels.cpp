//===- ConfigurePtxKernels.cpp - tile sizes and grids ---------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/Emitters.h"
#include "lowering/gpu/KernelConfig.h"
#include "lowering/gpu/Passes.h"
#include "lowering/gpu/RowQuantizer.h"
#include "lowering/gpu/Tuning.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

namespace qopt {
#define GEN_PASS_DEF_CONFIGUREPTXKERNELS
#include "lowering/gpu/Passes.h.inc"
} // namespace qopt

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;

//===----------------------------------------------------------------------===//
// Choices
//===----------------------------------------------------------------------===//

/// Threads for a row of `columns`, of which each takes `perThread` at once and up to four times.
static RowConfig chooseRow(int64_t columns, int64_t perThread) {
  int64_t threads = llvm::alignTo(llvm::divideCeil(columns, perThread), 32);
  if (threads > 256)
    threads = llvm::alignTo(llvm::divideCeil(threads, 4), 32);
  return {std::clamp<int64_t>(threads, 32, 1024)};
}

/// Eight loads in flight a lane, and enough blocks for every multiprocessor to hold several: first
/// from few columns a warp, then from splitting the depth.
static MatvecConfig chooseMatvec(const MatmulShape &shape) {
  constexpr int64_t loads = 8, warps = 4;
  int64_t weightRows = shape.columns * shape.ways;
  // Many weight rows at once spare loads of x; registers for their sums limit it.
  int64_t rowsPerWarp = weightRows >= 16384 && shape.rows <= 2 ? 4 : 2;
  // 16 bytes of 4-bit codes meet 32 elements of x: fewer of them at once.
  if (shape.weightBits == 4 && shape.rows <= 2)
    rowsPerWarp = 4;
  MatvecConfig config{warps, 1, rowsPerWarp / shape.ways, loads / rowsPerWarp};
  int64_t rounds = shape.depth / (32 * shape.weightsPerLoad());
  while (config.split < warps && rounds / (2 * config.split) >= config.unroll &&
         shape.columns / config.blockColumns() < 4 * kMultiprocessors)
    config.split *= 2;
  return config;
}

/// What a product of codes by codes keeps in registers beside its sums.
enum class Fragments { Small, Scaled, ScaledWithZeros };

static Fragments fragmentsOf(kernel::MatmulOp op) {
  if (!op.getXScales())
    return Fragments::Small;
  CodeBlocks blocks(op);
  if (!blocks.isByBlock && blocks.isInteger)
    return Fragments::Small; // One scale a row, when all is summed.
  bool hasZeros = op.getWeightParameters().size() > 1;
  return blocks.isByBlock && hasZeros ? Fragments::ScaledWithZeros : Fragments::Scaled;
}

/// Large tiles where the grid of a few hundred rows fills the chip with them, and where registers
/// hold their sums; smaller ones elsewhere.
static MmaConfig chooseMma(const MatmulShape &shape, Fragments fragments) {
  int64_t weightRows = shape.columns * shape.ways;
  if (weightRows >= 4096 && fragments == Fragments::Small)
    return {128, 128, 32, 4, 2, 2};
  if (weightRows >= 1024 && fragments != Fragments::ScaledWithZeros)
    return {64, 128, 32, 4, 2, 2};
  return {64, 64, 32, 4, 2, 2};
}

/// A block's warps have 8 KiB of keys and values each in flight, for heads of 128.
static DecodeAttentionConfig chooseDecode(const AttentionShape &shape, int64_t splits) {
  DecodeAttentionConfig config{splits > 1 ? 4 : 8};
  while (config.sharedBytes(shape, splits) > kMaxSharedBytes)
    config.warps /= 2;
  return config;
}

static PrefillAttentionConfig choosePrefill(const AttentionShape &shape) {
  // Larger heads leave fewer registers for scores, and less shared memory for keys.
  PrefillAttentionConfig config{4, shape.headDim <= 128 ? 64 : 32};
  while (config.blockRows() < shape.group && config.warps < 8)
    config.warps *= 2;
  while (config.sharedBytes(shape) > kMaxSharedBytes && config.keys > 16)
    config.keys /= 2;
  return config;
}

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

namespace {

/// Gives one op its config and the launch that follows from it.
class Configurator {
public:
  Configurator(const Tuning &tuning, MLIRContext *context) : tuning(tuning), context(context) {}

  LogicalResult configure(Operation *op);
  bool isTuned() const { return tuned; }

private:
  using Sizes = llvm::StringMap<int64_t>;

  /// The tuning file's config for `op`, or `choice`.
  template <typename Config> void setConfig(Operation *op, const Sizes &sizes, Config choice) {
    DictionaryAttr config = tuning.find(op, sizes);
    tuned = bool(config);
    cast<kernel::LaunchOpInterface>(op).setConfigAttr(config ? config
                                                             : choice.toAttribute(context));
  }

  void setLaunch(Operation *op, ArrayRef<AffineExpr> grid, int64_t block, int64_t shared) {
    cast<kernel::LaunchOpInterface>(op).setLaunchAttr(kernel::LaunchAttr::get(
        context, AffineMap::get(0, 2, grid, context), block, shared, /*scratch=*/0));
  }

  AffineExpr constant(int64_t value) { return getAffineConstantExpr(value, context); }
  AffineExpr sequences() { return getAffineSymbolExpr(1, context); }
  /// Blocks for a result's rows, `perBlock` each.
  AffineExpr rowBlocks(Value result, int64_t perBlock = 1) {
    int64_t rows = cast<RankedTensorType>(result.getType()).getDimSize(0);
    if (!ShapedType::isDynamic(rows))
      return constant(llvm::divideCeil(rows, perBlock));
    AffineExpr symbol = getAffineSymbolExpr(0, context);
    return perBlock == 1 ? symbol : symbol.ceilDiv(perBlock);
  }
  static int64_t columnsOf(Value value) {
    return cast<RankedTensorType>(value.getType()).getDimSize(1);
  }

  /// What a tuning rule may ask of an attention, whose result is `result`.
  static Sizes attentionSizes(const AttentionShape &shape, Value result) {
    Sizes sizes = {{"heads", shape.kvHeads * shape.group},
                   {"kv_heads", shape.kvHeads},
                   {"head_dim", shape.headDim}};
    int64_t rows = cast<RankedTensorType>(result.getType()).getDimSize(0);
    if (!ShapedType::isDynamic(rows))
      sizes["rows"] = rows;
    return sizes;
  }

  LogicalResult configureRow(Operation *op, int64_t perThread, int64_t shared);
  LogicalResult configureMap(kernel::MapOp op);
  LogicalResult configureRope(kernel::RopeAppendOp op);
  LogicalResult configureMatmul(kernel::MatmulOp op);
  LogicalResult configureAttention(kernel::AttentionOp op);
  LogicalResult configureAppendAttention(kernel::AppendAttentionOp op);

  LogicalResult configureScore(kernel::ScoreOp op);
  const Tuning &tuning;
  MLIRContext *context;
  bool tuned = false;
};

} // namespace

LogicalResult Configurator::configureRow(Operation *op, int64_t perThread, int64_t shared) {
  Value result = op->getResult(0);
  setConfig(op, {{"columns", columnsOf(result)}}, chooseRow(columnsOf(result), perThread));
  FailureOr<RowConfig> config = RowConfig::read(op);
  if (failed(config))
    return failure();
  setLaunch(op, {rowBlocks(result)}, config->threads, shared);
  return success();
}

LogicalResult Configurator::configureMap(kernel::MapOp op) {
  int64_t columns = columnsOf(op.getResult());
  int64_t threads = llvm::alignTo(llvm::divideCeil(columns, kMapColumns), 32);
  setConfig(op, {{"columns", columns}}, RowConfig{std::min<int64_t>(threads, 256)});
  FailureOr<RowConfig> config = RowConfig::read(op);
  if (failed(config))
    return failure();
  int64_t blocks = llvm::divideCeil(columns, config->threads * kMapColumns);
  setLaunch(op, {rowBlocks(op.getResult()), constant(blocks)}, config->threads, 0);
  return success();
}

LogicalResult Configurator::configureRope(kernel::RopeAppendOp op) {
  AttentionShape shape(op, op.getCacheAttr(), op.getHeads());
  // Keys and values by channel have blocks of their own.
  int64_t groupBlocks = (shape.keys.format.channels + shape.values.format.channels) * shape.kvHeads;
  int64_t heads = op.getHeads() + 2 * shape.kvHeads - groupBlocks;
  setConfig(op,
            {{"heads", op.getHeads()}, {"kv_heads", shape.kvHeads}, {"head_dim", shape.headDim}},
            HeadConfig{4});
  FailureOr<HeadConfig> config = HeadConfig::read(op);
  if (failed(config))
    return failure();
  int64_t blocks = llvm::divideCeil(heads, config->warps) + groupBlocks;
  setLaunch(op, {rowBlocks(op.getResult()), constant(blocks)}, config->warps * 32,
            config->warps * shape.codedHeadBytes());
  return success();
}

LogicalResult Configurator::configureMatmul(kernel::MatmulOp op) {
  MatmulShape shape(op);
  Sizes sizes = {{"columns", shape.columns}, {"depth", shape.depth}, {"ways", shape.ways}};
  bool isMatvec = !ShapedType::isDynamic(shape.rows) && shape.rows <= 8;
  if (!ShapedType::isDynamic(shape.rows))
    sizes["rows"] = shape.rows;
  if (isMatvec)
    setConfig(op, sizes, chooseMatvec(shape));
  else
    setConfig(op, sizes, chooseMma(shape, fragmentsOf(op)));

  StringAttr algorithm = readAlgorithm(op);
  if (!algorithm)
    return failure();
  if (algorithm == MatvecConfig::algorithm) {
    FailureOr<MatvecConfig> config = MatvecConfig::read(op);
    if (failed(config))
      return failure();
    int64_t blocks = llvm::divideCeil(shape.columns, config->blockColumns());
    setLaunch(op, {constant(blocks)}, config->warps * 32, config->sharedBytes(shape));
    return success();
  }
  FailureOr<MmaConfig> config = MmaConfig::read(op);
  if (failed(config))
    return failure();
  // Rows vary fastest: blocks that run together share a tile of weights.
  int64_t blocks = llvm::divideCeil(shape.columns * shape.ways, config->tileColumns);
  setLaunch(op, {rowBlocks(op.getResult(), config->tileRows), constant(blocks)}, config->threads(),
            config->sharedBytes(shape));
  return success();
}

LogicalResult Configurator::configureAttention(kernel::AttentionOp op) {
  AttentionShape shape(op, op.getCacheAttr(), op.getHeads());
  setConfig(op, attentionSizes(shape, op.getResult()), choosePrefill(shape));
  FailureOr<PrefillAttentionConfig> config = PrefillAttentionConfig::read(op);
  if (failed(config))
    return failure();
  setLaunch(
      op,
      {rowBlocks(op.getResult(), config->blockTokens(shape)), constant(shape.kvHeads), sequences()},
      config->warps * 32, config->sharedBytes(shape));
  return success();
}

LogicalResult Configurator::configureAppendAttention(kernel::AppendAttentionOp op) {
  AttentionShape shape(op, op.getCacheAttr(), op.getHeads());
  int64_t splits = op.getSplits();
  setConfig(op, attentionSizes(shape, op.getResult()), chooseDecode(shape, splits));
  FailureOr<DecodeAttentionConfig> config = DecodeAttentionConfig::read(op);
  if (failed(config))
    return failure();
  setLaunch(
      op,
      {rowBlocks(op.getResult()), constant(shape.kvHeads * config->tiles(shape)), constant(splits)},
      config->warps * 32, config->sharedBytes(shape, splits));
  return success();
}

LogicalResult Configurator::configureScore(kernel::ScoreOp op) {
  int64_t vocabulary = cast<RankedTensorType>(op.getLogits().getType()).getDimSize(1);
  setLaunch(op, {rowBlocks(op.getResult()), constant(op.getParts(vocabulary))},
            op.getThreads(vocabulary), kScoreSharedBytes);
  return success();
}

LogicalResult Configurator::configure(Operation *op) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](kernel::GatherOp op) { return configureRow(op, /*perThread=*/8, 0); })
      .Case([&](kernel::NormOp op) {
        int64_t shared = kNormSharedBytes;
        if (op.getResultScheme())
          shared += RowQuantizer::sharedBytes(*op.getResultScheme(), columnsOf(op.getResult()));
        return configureRow(op, /*perThread=*/4, shared);
      })
      .Case([&](kernel::QuantizeOp op) {
        return configureRow(op, kMapColumns,
                            RowQuantizer::sharedBytes(op.getScheme(), columnsOf(op.getResult())));
      })
      .Case([&](kernel::MapOp op) { return configureMap(op); })
      .Case([&](kernel::RopeAppendOp op) { return configureRope(op); })
      .Case([&](kernel::MatmulOp op) { return configureMatmul(op); })
      .Case([&](kernel::AttentionOp op) { return configureAttention(op); })
      .Case([&](kernel::AppendAttentionOp op) { return configureAppendAttention(op); })
      .Case([&](kernel::ScoreOp op) { return configureScore(op); })
      .Default([](Operation *op) { return op->emitOpError("has no kernel on ptx"); });
}

namespace {

struct ConfigurePtxKernels : qopt::impl::ConfigurePtxKernelsBase<ConfigurePtxKernels> {
  using Base::Base;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    auto target = function->getAttrOfType<StringAttr>(kernel::kTargetAttr);
    if (!target || target != "ptx")
      return;
    FailureOr<Tuning> rules = Tuning::read(tuning, function.getLoc());
    if (failed(rules))
      return signalPassFailure();
    WalkResult result = function.walk([&](kernel::LaunchOpInterface op) {
      Configurator configurator(*rules, &getContext());
      if (failed(configurator.configure(op)))
        return WalkResult::interrupt();
      ++numConfigured;
      numTuned += configurator.isTuned();
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};

} // namespace
