//===- EmitWarpgroupMatmul.cpp - products with many rows on sm_90a --------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A block owns a tile of the result. One warp copies tiles of x and of the weights by TMA into a
// ring of stages, whose rows of 128 bytes are swizzled as wgmma reads them; each warpgroup
// multiplies 64 rows of x with all columns. A stage has two mbarriers: it is full, it is empty.
// Beyond the rows, the columns and the depth the copies leave zeros. With two ways, the rows of a
// stage are those of one, then of the other, so that a thread holds both of its columns.
//
// Products of fp8 keep fewer bits than f32 has: they start anew with each stage, and are added
// there.
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/CodeProduct.h"
#include "lowering/gpu/Emitters.h"
#include "lowering/gpu/Epilogue.h"
#include "lowering/gpu/Fp8.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;
using Kind = kernel::Argument::Kind;
using llvm::SmallVector;

/// Of a matrix descriptor for wgmma: groups of 8 rows follow each other every 1024 bytes, swizzled
/// over 128 (PTX ISA, "Matrix Descriptor Format").
static constexpr int64_t kDescriptor =
    int64_t(1) << 16 | int64_t(1024 / 16) << 32 | int64_t(1) << 62;
/// Rows of a warpgroup, and bytes of depth that one product takes.
static constexpr int64_t kWarpgroupRows = 64, kProductBytes = 32;

namespace {

class WarpgroupMatmulEmitter {
public:
  WarpgroupMatmulEmitter(kernel::MatmulOp op, KernelFunction &function,
                         const WarpgroupConfig &config)
      : op(op), function(function), b(function.getBuilder()), config(config), shape(op) {
    if (shape.hasCodes)
      product.emplace(op, function);
  }

  void emit();

private:
  /// Where a walk through the ring is; parity of the stage's phase.
  struct Place {
    Scalar stage, parity;
  };
  Place advance(Place place) {
    Scalar next = place.stage + 1, wraps = next == config.stages;
    return {select(wraps, b.i32(0), next), select(wraps, b.i32(1) - place.parity, place.parity)};
  }

  void initBarriers();
  void produce();
  /// What a side of the products is called.
  StringRef typeName(q::SchemeAttr scheme) const;
  bool isFp8() const { return product && !product->getBlocks().isInteger; }
  Value multiplyStage(Value sums, Scalar stage);
  Value multiply();
  void store(Value sums);
  Scalar descriptor(Scalar byte);

  Value at(Scalar byte) { return b.bytePtr(b.sharedMemory(), byte); }
  Value full(Scalar stage) { return at(stage * 8 + config.stages * config.stageBytes()); }
  Value empty(Scalar stage) { return full(stage + config.stages); }
  int64_t weightBase() const { return config.tileRows * WarpgroupConfig::kRowBytes; }
  int64_t blockColumns() const { return config.tileColumns / shape.ways; }
  int64_t numTiles() const {
    return llvm::divideCeil(shape.unitDepth(), WarpgroupConfig::kTileDepth);
  }

  kernel::MatmulOp op;
  KernelFunction &function;
  PtxBuilder &b;
  WarpgroupConfig config;
  MatmulShape shape;
  std::optional<CodeProduct> product; ///< of codes with codes
  Scalar thread, lane, warp;
  Scalar firstRow, firstColumn; ///< of the block in the result
};

} // namespace

void WarpgroupMatmulEmitter::initBarriers() {
  b.ifThen(thread == 0, [&] {
    for (int64_t i = 0; i < config.stages; ++i) {
      b.initBarrier(full(b.i32(i)), 1);
      b.initBarrier(empty(b.i32(i)), config.consumerWarps());
    }
    b.fenceAsync();
  });
  b.barrier();
}

void WarpgroupMatmulEmitter::produce() {
  // Nobody has used the first stages: the phase before the first counts as complete.
  b.forLoop(b.i32(0), b.i32(numTiles()), b.i32(1), {b.i32(0), b.i32(1)},
            [&](Scalar i, ValueRange now) -> SmallVector<Value> {
              Place place{b.wrap(now[0]), b.wrap(now[1])};
              b.waitForPhase(empty(place.stage), place.parity);
              b.arriveExpecting(full(place.stage), config.stageBytes());
              Scalar stage = place.stage * config.stageBytes();
              Scalar k = i * WarpgroupConfig::kTileDepth;
              b.copyTensor(at(stage), function.tensorMap(op.getX()), {k, firstRow},
                           full(place.stage));
              b.copyTensor(at(stage + weightBase()), function.tensorMap(op.getWeight()),
                           {k, firstColumn, b.i32(0)}, full(place.stage));
              place = advance(place);
              return {place.stage, place.parity};
            });
}

Scalar WarpgroupMatmulEmitter::descriptor(Scalar byte) {
  Scalar address = b.wrap(LLVM::PtrToIntOp::create(b, b.getI32Type(), at(byte)));
  return ((address >> 4) & 0x3fff).toI64() | b.i64(kDescriptor);
}

StringRef WarpgroupMatmulEmitter::typeName(q::SchemeAttr scheme) const {
  if (!product)
    return "bf16";
  return isFp8() ? fp8Name(scheme.getStorage()) : "s8";
}

Value WarpgroupMatmulEmitter::multiplyStage(Value sums, Scalar stage) {
  Scalar rowBase = warp / 4 * (kWarpgroupRows * WarpgroupConfig::kRowBytes);
  Scalar x = descriptor(stage + rowBase), weight = descriptor(stage + weightBase());
  StringRef typeOfX = typeName(op.getXSchemeAttr());
  StringRef typeOfWeight = typeName(op.getWeightSchemeAttr());
  Value products = isFp8() ? Value(LLVM::ZeroOp::create(b, sums.getType())) : sums;
  b.beginProducts();
  for (int64_t i = 0; i < WarpgroupConfig::kRowBytes; i += kProductBytes)
    products = b.warpgroupMultiply(products, typeOfX, x + i / 16, typeOfWeight, weight + i / 16,
                                   config.tileColumns);
  // Other blocks and the other warpgroup keep the tensor cores busy meanwhile.
  b.finishProducts();
  if (!isFp8())
    return products;
  for (int64_t i = 0; i < config.tileColumns / 2; ++i) {
    auto at = [&](Value from) { return b.wrap(LLVM::ExtractValueOp::create(b, from, i)); };
    sums = LLVM::InsertValueOp::create(b, sums, at(sums) + at(products), i);
  }
  return sums;
}

/// The sums of this thread: four for each 8 columns, as of an mma.
Value WarpgroupMatmulEmitter::multiply() {
  Type element = product ? product->zero().getType() : Type(b.getF32Type());
  auto sumsType = LLVM::LLVMStructType::getLiteral(
      b.getContext(), SmallVector<Type>(config.tileColumns / 2, element));
  Value zeros = LLVM::ZeroOp::create(b, sumsType);
  return b.forLoop(b.i32(0), b.i32(numTiles()), b.i32(1), {b.i32(0), b.i32(0), zeros},
                   [&](Scalar, ValueRange now) -> SmallVector<Value> {
                     Place place{b.wrap(now[0]), b.wrap(now[1])};
                     b.waitForPhase(full(place.stage), place.parity);
                     Value sums = multiplyStage(now[2], place.stage * config.stageBytes());
                     b.ifThen(lane == 0, [&] { b.arrive(empty(place.stage)); });
                     place = advance(place);
                     return {place.stage, place.parity, sums};
                   })[2];
}

void WarpgroupMatmulEmitter::store(Value sums) {
  Epilogue epilogue(op, function);
  Scalar rows = function.number(Kind::Rows);
  Scalar column = firstColumn + lane % 4 * 2;
  bool allColumns = shape.columns % blockColumns() == 0;
  for (int64_t half = 0; half < 2; ++half) {
    Scalar r = firstRow + warp * 16 + lane / 4 + half * 8;
    b.ifThen(r < rows, [&] {
      for (int64_t j = 0; j < blockColumns() / 8; ++j) {
        Scalar c = column + j * 8;
        auto storePair = [&] {
          SmallVector<SmallVector<Scalar>> elements(2);
          for (int64_t e = 0; e < 2; ++e)
            for (int64_t way = 0; way < shape.ways; ++way) {
              int64_t index = (way * (blockColumns() / 8) + j) * 4 + half * 2 + e;
              Scalar sum = b.wrap(LLVM::ExtractValueOp::create(b, sums, index));
              if (product) // The last column may have no neighbour.
                sum = product->finish(sum, r,
                                      min(c + e, b.i32(shape.columns - 1)) + way * shape.columns);
              elements[e].push_back(sum);
            }
          epilogue.store(r, c, elements);
        };
        if (allColumns)
          storePair();
        else
          b.ifThen(c < shape.columns, storePair);
      }
    });
  }
}

void WarpgroupMatmulEmitter::emit() {
  thread = b.threadId();
  lane = thread % kWarpSize;
  warp = thread / kWarpSize;
  firstRow = b.blockId(0) * config.tileRows;
  firstColumn = b.blockId(1) * blockColumns();
  initBarriers();
  b.ifThen(thread == config.consumerWarps() * kWarpSize, [&] { produce(); });
  b.ifThen(warp < config.consumerWarps(), [&] { store(multiply()); });
}

/// What a map says of a matrix of `ways` times `rows` rows, taken in boxes of `boxRows` of each.
static DictionaryAttr describeMap(Builder &builder, int64_t argument, int64_t depth,
                                  int64_t rowBytes, int64_t rows, int64_t ways, int64_t boxRows,
                                  bool hasWays) {
  SmallVector<int64_t> sizes = {depth, rows}, strides = {rowBytes};
  SmallVector<int64_t> box = {WarpgroupConfig::kTileDepth, boxRows};
  if (hasWays) {
    sizes.push_back(ways);
    strides.push_back(rows * rowBytes);
    box.push_back(ways);
  }
  return builder.getDictionaryAttr(
      {builder.getNamedAttr("argument", builder.getI64IntegerAttr(argument)),
       builder.getNamedAttr("sizes", builder.getDenseI64ArrayAttr(sizes)),
       builder.getNamedAttr("strides", builder.getDenseI64ArrayAttr(strides)),
       builder.getNamedAttr("box", builder.getDenseI64ArrayAttr(box))});
}

LogicalResult ptx::emitWarpgroupMatmul(kernel::MatmulOp op, const WarpgroupConfig &config,
                                       gpu::GPUModuleOp module) {
  MLIRContext *context = op.getContext();
  MatmulShape shape(op);
  int64_t blocks = llvm::divideCeil(shape.columns * shape.ways, config.tileColumns);
  AffineExpr rows = getAffineSymbolExpr(0, context);
  auto launch = kernel::LaunchAttr::get(
      context,
      AffineMap::get(0, 2, {rows.ceilDiv(config.tileRows), getAffineConstantExpr(blocks, context)},
                     context),
      config.threads(), config.sharedBytes(), /*scratch=*/0);
  KernelFunction function(op, module, {op.getX(), op.getWeight()});
  WarpgroupMatmulEmitter(op, function, config).emit();

  gpu::GPUFuncOp gpuFunction = function.getFunction();
  gpuFunction.setKnownBlockSize(llvm::ArrayRef<int32_t>{int32_t(config.threads()), 1, 1});
  gpuFunction->setAttr(kLaunchOverride, launch);
  int64_t rowBytes = roundUp(shape.depth, kernel::kRowAlignment) * 2 / shape.unit();
  Builder builder(context);
  gpuFunction->setAttr(
      kTensorMaps,
      builder.getArrayAttr(
          {describeMap(builder, function.argumentIndex(op.getX()), shape.unitDepth(), rowBytes,
                       ShapedType::kDynamic, 1, config.tileRows, /*hasWays=*/false),
           describeMap(builder, function.argumentIndex(op.getWeight()), shape.unitDepth(), rowBytes,
                       shape.columns, shape.ways, config.tileColumns / shape.ways,
                       /*hasWays=*/true)}));
  return success();
}
