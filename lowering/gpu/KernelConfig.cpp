//===- KernelConfig.cpp - the choices behind each kernel ------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/KernelConfig.h"
#include "lowering/gpu/CacheWriter.h"
#include "lowering/gpu/WeightCodes.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

MatmulShape::MatmulShape(kernel::MatmulOp op)
    : rows(cast<RankedTensorType>(op.getX().getType()).getDimSize(0)),
      depth(cast<RankedTensorType>(op.getX().getType()).getDimSize(1)), columns(op.getColumns()),
      ways(op.getWays()), hasCodes(bool(op.getXScales())),
      weightBits(op.getWeightScheme() ? WeightCodes::bitsOf(*op.getWeightScheme()) : 16) {}

CodeBlocks::CodeBlocks(kernel::MatmulOp op) {
  q::SchemeAttr x = *op.getXScheme(), weight = *op.getWeightScheme();
  int64_t columns = cast<RankedTensorType>(op.getX().getType()).getDimSize(1);
  int64_t blocks = std::max(x.groupsOf(columns), weight.groupsOf(columns));
  isInteger = x.getStorage() == q::Storage::Int8;
  // Codes that become signed bytes first are off by a factor or a sum, which scales of blocks know.
  bool isInt8 = weight.getStorage() == q::Storage::Int8 && weight.getRange()[0] < 0;
  isByBlock = blocks > 1 || weight.getZero() != q::ZeroPoint::None || (isInteger && !isInt8);
  hasXGroups = x.groupsOf(columns) > 1;
  depth = columns / blocks;
}

AttentionShape::AttentionShape(Operation *op, FlatSymbolRefAttr symbol, int64_t heads) {
  auto cache = SymbolTable::lookupNearestSymbolFrom<llm::CacheOp>(op, symbol);
  keys = CachePool::of(cache, /*isKey=*/true);
  values = CachePool::of(cache, /*isKey=*/false);
  kvHeads = cache.getKvHeads();
  group = heads / kvHeads;
  headDim = cache.getHeadDim();
  headStride = llvm::alignTo(headDim, 8);
}

int64_t AttentionShape::tokenGroup() const {
  int64_t group = 1;
  for (const CachePool &pool : {keys, values})
    if (pool.format.channels)
      group = std::max(group, pool.format.group);
  return group;
}

int64_t AttentionShape::codedHeadBytes() const {
  int64_t bytes = 0;
  for (const CachePool &pool : {keys, values})
    if (!pool.isPlain() && !pool.format.channels)
      bytes = std::max(bytes, CacheWriter::headBytes(pool));
  return bytes;
}

//===----------------------------------------------------------------------===//
// Reading a dictionary
//===----------------------------------------------------------------------===//

StringAttr ptx::readAlgorithm(Operation *op) {
  DictionaryAttr config = cast<kernel::LaunchOpInterface>(op).getConfigAttr();
  StringAttr algorithm = config ? config.getAs<StringAttr>("algorithm") : StringAttr();
  if (!algorithm)
    op->emitOpError("has no config that names an algorithm; configure-ptx-kernels sets one");
  return algorithm;
}

namespace {

/// Reads the numbers of a config and says what is wrong with them, on the op.
class ConfigReader {
public:
  ConfigReader(Operation *op, StringRef algorithm) : op(op) {
    StringAttr name = readAlgorithm(op);
    if (!name) {
      valid = false;
      return;
    }
    config = cast<kernel::LaunchOpInterface>(op).getConfigAttr();
    require(name == algorithm, [&](InFlightDiagnostic &error) {
      error << "algorithm " << name << " does not fit here; \"" << algorithm << "\" does";
    });
  }

  /// The number called `name`, which must be in [low, high].
  int64_t get(StringRef name, int64_t low, int64_t high) {
    if (!valid)
      return low;
    auto number = config.getAs<IntegerAttr>(name);
    if (!number) {
      fail() << "config has no number '" << name << "'";
      return low;
    }
    int64_t value = number.getInt();
    if (value < low || value > high)
      fail() << "config has " << name << " = " << value << ", must be " << low << " to " << high;
    return value;
  }

  void require(bool condition, llvm::function_ref<void(InFlightDiagnostic &)> explain) {
    if (!valid || condition)
      return;
    InFlightDiagnostic error = fail();
    explain(error);
  }

  /// `number`, called `name`, is a multiple of `divisor`.
  void requireMultiple(StringRef name, int64_t number, int64_t divisor) {
    require(divisor > 0 && number % divisor == 0, [&](InFlightDiagnostic &error) {
      error << "config has " << name << " = " << number << ", must be a multiple of " << divisor;
    });
  }

  void requireShared(int64_t bytes) {
    require(bytes <= kMaxSharedBytes, [&](InFlightDiagnostic &error) {
      error << "config needs " << bytes << " bytes of shared memory, a block has "
            << kMaxSharedBytes;
    });
  }

  template <typename Config> FailureOr<Config> finish(Config result) {
    if (!valid)
      return failure();
    return result;
  }

private:
  InFlightDiagnostic fail() {
    valid = false;
    return op->emitOpError();
  }

  Operation *op;
  DictionaryAttr config;
  bool valid = true;
};

} // namespace

static DictionaryAttr makeAttribute(MLIRContext *context, StringRef algorithm,
                                    std::initializer_list<std::pair<StringRef, int64_t>> numbers) {
  Builder builder(context);
  NamedAttrList list;
  list.append("algorithm", builder.getStringAttr(algorithm));
  for (auto [name, value] : numbers)
    list.append(name, builder.getI64IntegerAttr(value));
  return list.getDictionary(context);
}

//===----------------------------------------------------------------------===//
// Rows and heads
//===----------------------------------------------------------------------===//

FailureOr<RowConfig> RowConfig::read(Operation *op) {
  ConfigReader reader(op, algorithm);
  RowConfig config{reader.get("threads", 32, 1024)};
  reader.requireMultiple("threads", config.threads, 32);
  return reader.finish(config);
}

DictionaryAttr RowConfig::toAttribute(MLIRContext *context) const {
  return makeAttribute(context, algorithm, {{"threads", threads}});
}

FailureOr<HeadConfig> HeadConfig::read(kernel::RopeAppendOp op) {
  ConfigReader reader(op, algorithm);
  return reader.finish(HeadConfig{reader.get("warps", 1, 32)});
}

DictionaryAttr HeadConfig::toAttribute(MLIRContext *context) const {
  return makeAttribute(context, algorithm, {{"warps", warps}});
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

int64_t MatvecConfig::sharedBytes(const MatmulShape &shape) const {
  return shape.rows * split * blockColumns() * shape.ways * sizeof(float);
}

FailureOr<MatvecConfig> MatvecConfig::read(kernel::MatmulOp op) {
  MatmulShape shape(op);
  ConfigReader reader(op, algorithm);
  reader.require(shape.rows >= 1 && shape.rows <= 8, [&](InFlightDiagnostic &error) {
    error << "algorithm \"matvec\" needs 1 to 8 static rows, x is " << op.getX().getType();
  });
  MatvecConfig config{reader.get("warps", 1, 32), reader.get("split", 1, 32),
                      reader.get("columns", 1, 8), reader.get("unroll", 1, 8)};
  reader.requireMultiple("warps", config.warps, config.split);
  reader.requireShared(config.sharedBytes(shape));
  return reader.finish(config);
}

DictionaryAttr MatvecConfig::toAttribute(MLIRContext *context) const {
  return makeAttribute(
      context, algorithm,
      {{"warps", warps}, {"split", split}, {"columns", columns}, {"unroll", unroll}});
}

FailureOr<MmaConfig> MmaConfig::read(kernel::MatmulOp op) {
  ConfigReader reader(op, algorithm);
  MmaConfig config{reader.get("tile_rows", 16, 256), reader.get("tile_columns", 16, 256),
                   reader.get("tile_depth", 32, 64), reader.get("stages", 2, 8),
                   reader.get("warp_rows", 1, 8),    reader.get("warp_columns", 1, 8)};
  // ldmatrix brings 16 rows and 16 columns at once, copies 8 elements a thread.
  reader.requireMultiple("tile_rows", config.tileRows, 16 * config.warpRows);
  reader.requireMultiple("tile_columns", config.tileColumns, 16 * config.warpColumns);
  reader.requireMultiple("tile_depth", config.tileDepth, 32);
  int64_t rowsPerCopy = config.threads() * 8 / config.tileDepth;
  reader.requireMultiple("rows copied at once", rowsPerCopy, 16);
  reader.requireMultiple("tile_rows", config.tileRows, rowsPerCopy);
  reader.requireMultiple("tile_columns", config.tileColumns, rowsPerCopy);
  reader.require(
      MatmulShape(op).unitBits() == 16 || config.tileDepth == 32, [&](InFlightDiagnostic &error) {
        error << "config has tile_depth = " << config.tileDepth << ", must be 32 for codes";
      });
  reader.requireShared(config.sharedBytes(MatmulShape(op)));
  return reader.finish(config);
}

DictionaryAttr MmaConfig::toAttribute(MLIRContext *context) const {
  return makeAttribute(context, algorithm,
                       {{"tile_rows", tileRows},
                        {"tile_columns", tileColumns},
                        {"tile_depth", tileDepth},
                        {"stages", stages},
                        {"warp_rows", warpRows},
                        {"warp_columns", warpColumns}});
}

/// Sums of integers over the whole depth, or of fp8 in twice as many registers.
static bool supportsCodes(kernel::MatmulOp op) {
  CodeBlocks blocks(op);
  // Tensor maps are of units: the other half of the last one may be anything, and fp8 has NaNs.
  return !blocks.isByBlock && (blocks.isInteger || blocks.depth % 2 == 0);
}

std::optional<WarpgroupConfig> WarpgroupConfig::choose(kernel::MatmulOp op) {
  MatmulShape shape(op);
  if (!ShapedType::isDynamic(shape.rows) || shape.unitBits() != 16)
    return std::nullopt;
  if (shape.hasCodes && !supportsCodes(op))
    return std::nullopt;
  bool isFp8 = shape.hasCodes && !CodeBlocks(op).isInteger;
  // Two blocks share a multiprocessor but for the largest tiles, which it has the best use of.
  int64_t weightRows = shape.columns * shape.ways;
  if (weightRows >= 8192 && !isFp8)
    return WarpgroupConfig{128, 256, 4};
  return WarpgroupConfig{128, weightRows >= 1024 ? 128 : 64, weightRows >= 1024 ? 3 : 4};
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

int64_t DecodeAttentionConfig::queryColumns(const AttentionShape &shape) {
  return llvm::alignTo(shape.headDim, 4 * shape.keys.unitElements());
}

int64_t DecodeAttentionConfig::queryStride(const AttentionShape &shape) {
  return llvm::alignTo(queryColumns(shape), 64) + 32;
}

int64_t DecodeAttentionConfig::angleBase(const AttentionShape &shape) {
  int64_t rows = llvm::alignTo(tileRows(shape), 8);
  return queryBase() + rows * queryColumns(shape) * int64_t(sizeof(float));
}

int64_t DecodeAttentionConfig::biasBase(const AttentionShape &shape) {
  return angleBase(shape) + kTile * queryColumns(shape) * int64_t(sizeof(float));
}

int64_t DecodeAttentionConfig::partBase(const AttentionShape &shape) {
  if (shape.keys.inPairs())
    return biasBase(shape) + 2 * queryColumns(shape) * int64_t(sizeof(float));
  return queryBase() + tileRows(shape) * queryStride(shape) * 2;
}

int64_t DecodeAttentionConfig::resultStride(const AttentionShape &shape) {
  return llvm::alignTo(shape.headStride, 32);
}

int64_t DecodeAttentionConfig::partBytes(const AttentionShape &shape, int64_t splits) const {
  return llvm::alignTo(maxParts(shape, splits) * tileRows(shape) * int64_t(sizeof(float)), 16);
}

int64_t DecodeAttentionConfig::sharedBytes(const AttentionShape &shape, int64_t splits) const {
  int64_t results =
      keyWarps(shape) * tileRows(shape) * resultStride(shape) * int64_t(sizeof(float));
  // The new key and value are coded where results will be.
  return resultBase(shape, splits) + std::max(results, 2 * shape.codedHeadBytes());
}

FailureOr<DecodeAttentionConfig> DecodeAttentionConfig::read(kernel::AppendAttentionOp op) {
  AttentionShape shape(op, op.getCacheAttr(), op.getHeads());
  ConfigReader reader(op, algorithm);
  DecodeAttentionConfig config{reader.get("warps", 1, 16)};
  reader.requireMultiple("warps", config.warps, config.headSplit(shape));
  int64_t blocks = shape.kvHeads * tiles(shape);
  reader.require(op.getSplits() == 1 || blocks <= kernel::kCounters,
                 [&](InFlightDiagnostic &error) {
                   error << "needs " << blocks << " counters a row to combine splits, there are "
                         << kernel::kCounters;
                 });
  reader.requireShared(config.sharedBytes(shape, op.getSplits()));
  return reader.finish(config);
}

DictionaryAttr DecodeAttentionConfig::toAttribute(MLIRContext *context) const {
  return makeAttribute(context, algorithm, {{"warps", warps}});
}

int64_t PrefillAttentionConfig::sharedBytes(const AttentionShape &shape) const {
  int64_t rowBytes = llvm::alignTo(shape.headDim, 64) * 2;
  return (blockRows() + 2 * 2 * keys) * rowBytes;
}

FailureOr<PrefillAttentionConfig> PrefillAttentionConfig::read(kernel::AttentionOp op) {
  AttentionShape shape(op, op.getCacheAttr(), op.getHeads());
  ConfigReader reader(op, algorithm);
  PrefillAttentionConfig config{reader.get("warps", 1, 8), reader.get("keys", 16, 128)};
  reader.require(128 % config.keys == 0, [&](InFlightDiagnostic &error) {
    error << "config has keys = " << config.keys << ", must divide a page of 128 tokens";
  });
  reader.require(shape.group <= config.blockRows(), [&](InFlightDiagnostic &error) {
    error << "config has " << config.blockRows() << " rows in a block, too few for " << shape.group
          << " query heads on a KV head";
  });
  reader.requireShared(config.sharedBytes(shape));
  return reader.finish(config);
}

DictionaryAttr PrefillAttentionConfig::toAttribute(MLIRContext *context) const {
  return makeAttribute(context, algorithm, {{"warps", warps}, {"keys", keys}});
}
