//===- EmitMatmul.cpp - products with many rows, on tensor cores ----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A block owns a tile of the result. Tiles of x and of the weights stream through a ring of stages
// in shared memory by cp.async; warps feed them to mma.sync by ldmatrix. Copies beyond the rows,
// the columns or the depth read nothing and leave zeros. With two ways, groups of 8 rows of the
// weight tile alternate between the ways, so that a thread holds all ways of its columns.
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/Emitters.h"
#include "lowering/gpu/Epilogue.h"
#include "lowering/gpu/KernelConfig.h"
#include "lowering/gpu/SharedTile.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;
using Kind = kernel::Argument::Kind;
using llvm::SmallVector;

namespace {

class MatmulEmitter {
public:
  MatmulEmitter(kernel::MatmulOp op, KernelFunction &function, MmaConfig config)
      : op(op), function(function), b(function.getBuilder()), config(config), shape(op),
        x(function.activation(op.getX())), weight(function.weightRows(op.getWeight())),
        tile(config.tileDepth) {}

  void emit();

private:
  /// The copies of one thread into every stage: chunk `chunk` of rows `row + i * rowStep`.
  struct Copies {
    Value source;              ///< of the first row, at depth 0
    int64_t sourceStep;        ///< bytes from one copied row to the next
    Scalar target;             ///< byte offset in a stage
    SmallVector<Scalar> bytes; ///< of each row: 16, or 0 beyond the matrix
  };

  Copies planCopies(const Matrix &matrix, int64_t tileRows, int64_t targetBase, int64_t ways,
                    llvm::function_ref<Scalar(Scalar)> sourceRow,
                    llvm::function_ref<Scalar(Scalar)> isInside);
  void copyTile(const Copies &copies, Value stage, Scalar k);
  void copyStage(Value stage, Scalar k);
  SmallVector<Value> multiplyStage(Value stage, ValueRange sums);
  SmallVector<Value> multiply();
  void storeTile(ValueRange sums);

  int64_t rowStep() const { return config.threads() / tile.rowChunks(); }
  int64_t warpTileRows() const { return config.tileRows / config.warpRows; }
  int64_t warpTileColumns() const { return config.tileColumns / config.warpColumns; }
  int64_t rowTiles() const { return warpTileRows() / 16; }
  int64_t columnTiles() const { return warpTileColumns() / 8; }
  int64_t blockColumns() const { return config.tileColumns / shape.ways; }
  int64_t stageBytes() const { return config.sharedBytes() / config.stages; }

  kernel::MatmulOp op;
  KernelFunction &function;
  PtxBuilder &b;
  MmaConfig config;
  MatmulShape shape;
  Matrix x, weight;
  SharedTile tile;
  Scalar thread, lane, warpRow, warpColumn; ///< first row and column of the warp in the tile
  Scalar firstRow, firstColumn, rows;       ///< of the block in the result; rows of the result
  SmallVector<Copies, 2> copies;
};

} // namespace

MatmulEmitter::Copies MatmulEmitter::planCopies(const Matrix &matrix, int64_t tileRows,
                                                int64_t targetBase, int64_t ways,
                                                llvm::function_ref<Scalar(Scalar)> sourceRow,
                                                llvm::function_ref<Scalar(Scalar)> isInside) {
  Scalar row = thread / tile.rowChunks(), chunk = thread % tile.rowChunks();
  Copies copies;
  copies.source = b.elementPtr(matrix.row(b, sourceRow(row)), matrix.element, chunk * kChunk);
  copies.sourceStep = rowStep() / ways * matrix.stride * 2;
  copies.target = tile.offset(row, chunk) + targetBase;
  for (int64_t i = 0; i < tileRows; i += rowStep())
    copies.bytes.push_back(select(isInside(row + i), b.i32(16), b.i32(0)));
  return copies;
}

void MatmulEmitter::copyTile(const Copies &copies, Value stage, Scalar k) {
  Value source = b.elementPtr(copies.source, b.getBF16Type(), k);
  Value target = b.bytePtr(stage, copies.target);
  // What is left of the depth in this thread's chunk; a signed difference, clamped to 16 bytes.
  Scalar left;
  if (shape.depth % config.tileDepth != 0) {
    Scalar index = k + thread % tile.rowChunks() * kChunk;
    left = (max(b.i32(shape.depth), index) - index) * 2;
  }
  for (auto [i, bytes] : llvm::enumerate(copies.bytes))
    b.copyAsync(b.bytePtr(target, b.i32(int64_t(i) * rowStep() * tile.rowBytes())),
                b.bytePtr(source, b.i64(int64_t(i) * copies.sourceStep)),
                left ? min(bytes, left) : bytes);
}

void MatmulEmitter::copyStage(Value stage, Scalar k) {
  for (const Copies &c : copies)
    copyTile(c, stage, k);
}

/// Adds the product of the tiles in `stage` to the warp's sums: 4 values for each 16x8 tile, column
/// tiles innermost.
SmallVector<Value> MatmulEmitter::multiplyStage(Value stage, ValueRange sums) {
  SmallVector<Value> next(sums);
  int64_t weightBase = config.tileRows * tile.rowBytes();
  for (int64_t chunk = 0; chunk < tile.rowChunks(); chunk += 2) {
    // Rows 16 further have the same swizzle, so one offset serves all tiles of the warp.
    Value a = b.bytePtr(stage, tile.offsetA(lane, warpRow, chunk));
    Value w = b.bytePtr(stage, tile.offsetB(lane, warpColumn, chunk) + weightBase);
    auto loadAt = [&](Value base, int64_t i) {
      return b.loadMatrices(b.bytePtr(base, b.i32(i * 16 * tile.rowBytes())), false);
    };
    SmallVector<std::array<Value, 4>> rowFragments, columnFragments;
    for (int64_t i = 0; i < rowTiles(); ++i)
      rowFragments.push_back(loadAt(a, i));
    for (int64_t i = 0; i < columnTiles() / 2; ++i)
      columnFragments.push_back(loadAt(w, i));
    for (int64_t i = 0; i < rowTiles(); ++i)
      for (int64_t j = 0; j < columnTiles(); ++j) {
        auto *sum = next.begin() + (i * columnTiles() + j) * 4;
        MmaSums old = {sum[0], sum[1], sum[2], sum[3]};
        ArrayRef<Value> pair = ArrayRef<Value>(columnFragments[j / 2]).slice(j % 2 * 2, 2);
        llvm::copy(b.mma(rowFragments[i], pair, old), sum);
      }
  }
  return next;
}

SmallVector<Value> MatmulEmitter::multiply() {
  int64_t numTiles = llvm::divideCeil(shape.depth, config.tileDepth), ahead = config.stages - 1;
  Value shared = b.sharedMemory();
  // A group for each stage, empty ones too, so that a count of groups is a count of stages.
  for (int64_t i = 0; i < ahead; ++i) {
    if (i < numTiles)
      copyStage(b.bytePtr(shared, b.i32(i * stageBytes())), b.i32(i * config.tileDepth));
    b.commitCopies();
  }
  SmallVector<Value> carried = {b.i32(0), b.i32(ahead * stageBytes())};
  carried.append(rowTiles() * columnTiles() * 4, b.f32(0));
  auto advance = [&](Scalar offset) {
    Scalar next = offset + stageBytes();
    return select(next == config.stages * stageBytes(), b.i32(0), next);
  };
  carried = b.forLoop(b.i32(0), b.i32(numTiles), b.i32(1), carried, [&](Scalar i, ValueRange now) {
    Scalar readAt = b.wrap(now[0]), writeAt = b.wrap(now[1]);
    // The stage to read has arrived for every thread, and every warp has left the one to write,
    // which was read in the round before.
    b.waitCopies(ahead - 1);
    b.barrier();
    b.ifThen(i + ahead < numTiles,
             [&] { copyStage(b.bytePtr(shared, writeAt), (i + ahead) * config.tileDepth); });
    b.commitCopies();
    SmallVector<Value> next = {advance(readAt), advance(writeAt)};
    next.append(multiplyStage(b.bytePtr(shared, readAt), now.drop_front(2)));
    return next;
  });
  carried.erase(carried.begin(), carried.begin() + 2);
  return carried;
}

void MatmulEmitter::storeTile(ValueRange sums) {
  Epilogue epilogue(op, function);
  int64_t ways = shape.ways;
  Scalar row = firstRow + warpRow + lane / 4;
  Scalar column = firstColumn + warpColumn / ways + lane % 4 * 2;
  bool allColumns = shape.columns % blockColumns() == 0;
  for (int64_t i = 0; i < rowTiles(); ++i)
    for (int64_t half = 0; half < 2; ++half) {
      Scalar r = row + (i * 16 + half * 8);
      b.ifThen(r < rows, [&] {
        for (int64_t j = 0; j < columnTiles(); j += ways) {
          SmallVector<SmallVector<Scalar>> elements(2);
          for (int64_t e = 0; e < 2; ++e)
            for (int64_t way = 0; way < ways; ++way)
              elements[e].push_back(b.wrap(sums[(i * columnTiles() + j + way) * 4 + half * 2 + e]));
          Scalar c = column + j / ways * 8;
          auto store = [&] { epilogue.store(r, c, elements); };
          if (allColumns)
            store();
          else
            b.ifThen(c < shape.columns, store);
        }
      });
    }
}

void MatmulEmitter::emit() {
  thread = b.threadId();
  lane = thread % kWarpSize;
  Scalar warp = thread / kWarpSize;
  warpRow = warp / config.warpColumns * warpTileRows();
  warpColumn = warp % config.warpColumns * warpTileColumns();
  firstRow = b.blockId(0) * config.tileRows;
  firstColumn = b.blockId(1) * blockColumns();
  rows = ShapedType::isDynamic(shape.rows) ? function.number(Kind::Rows) : b.i32(shape.rows);

  copies.push_back(planCopies(
      x, config.tileRows, 0, 1, [&](Scalar r) { return firstRow + r; },
      [&](Scalar r) { return firstRow + r < rows; }));
  int64_t ways = shape.ways;
  auto columnOf = [&](Scalar r) { return firstColumn + r / (8 * ways) * 8 + r % 8; };
  copies.push_back(planCopies(
      weight, config.tileColumns, config.tileRows * tile.rowBytes(), ways,
      [&](Scalar r) { return columnOf(r) + r / 8 % ways * shape.columns; },
      [&](Scalar r) { return columnOf(r) < shape.columns; }));
  storeTile(multiply());
}

LogicalResult ptx::emitMatmul(kernel::MatmulOp op, gpu::GPUModuleOp module) {
  FailureOr<MmaConfig> config = MmaConfig::read(op);
  if (failed(config))
    return failure();
  KernelFunction function(op, module);
  MatmulEmitter(op, function, *config).emit();
  return success();
}
