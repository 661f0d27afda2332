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
// Codes stay codes in shared memory. Before x in bf16, each thread decodes those of its fragments
// and rounds what they stand for to bf16, as it would have been uploaded. Before codes of x they
// are multiplied as they are (CodeMma.h); a unit of 16 bits is then two of them.
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/CodeMma.h"
#include "lowering/gpu/Emitters.h"
#include "lowering/gpu/Epilogue.h"
#include "lowering/gpu/KernelConfig.h"
#include "lowering/gpu/SharedTile.h"
#include "lowering/gpu/WeightCodes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;
using Kind = kernel::Argument::Kind;
using llvm::SmallVector;

namespace {

class MatmulEmitter {
public:
  MatmulEmitter(kernel::MatmulOp op, KernelFunction &function, MmaConfig config,
                bool hasFp8Products)
      : op(op), function(function), b(function.getBuilder()), config(config), shape(op),
        x(shape.hasCodes ? function.codePairs(op.getX()) : function.activation(op.getX())),
        weight(shape.hasCodes ? function.codePairs(op.getWeight())
                              : function.weightRows(op.getWeight())),
        tile(config.tileDepth) {
    // Those of 8 bits that meet codes of x are copied and read as x is.
    if (shape.unitBits() < 16)
      codes.emplace(function, op.getWeight(), op.getWeightParameters(), *op.getWeightScheme(),
                    shape.depth);
    if (shape.hasCodes)
      mma.emplace(op, function, hasFp8Products);
  }

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
  Scalar codeChunkOffset(Scalar row, Scalar chunk);
  void copyCodes(Value stage, Scalar k);
  void copyStage(Value stage, Scalar k);
  /// The B operand of an mma for weight rows `[row, row + 8)` of the tile, from element `depth` of
  /// it on.
  SmallVector<Value> decodeFragment(Value stage, Scalar row, int64_t depth,
                                    const WeightCodes::Parameters &parameters);
  /// The same of 4-bit codes before codes of x, from unit `depth` on.
  SmallVector<Value> widenFragment(Value stage, Scalar row, int64_t depth);
  /// Fragments of all column tiles for the 16 units from `chunk` on.
  SmallVector<SmallVector<Value>> columnFragments(Value stage, int64_t chunk,
                                                  ArrayRef<WeightCodes::Parameters> parameters);
  SmallVector<SmallVector<Value>> rowFragments(Value stage, int64_t chunk);
  SmallVector<WeightCodes::Parameters> loadParameters(Scalar k);
  SmallVector<Value> multiplyStage(Value stage, Scalar k, ValueRange sums);
  /// The same of codes with codes, for the 16 units from `chunk` on, which are from `k` on.
  void multiplyCodes(Value stage, int64_t chunk, Scalar k, SmallVector<Value> &sums);
  SmallVector<Value> multiply();
  void storeTile(ValueRange sums);

  int64_t rowStep() const { return config.threads() / tile.rowChunks(); }
  int64_t warpTileRows() const { return config.tileRows / config.warpRows; }
  int64_t warpTileColumns() const { return config.tileColumns / config.warpColumns; }
  int64_t rowTiles() const { return warpTileRows() / 16; }
  int64_t columnTiles() const { return warpTileColumns() / 8; }
  int64_t blockColumns() const { return config.tileColumns / shape.ways; }
  int64_t stageBytes() const { return config.stageBytes(shape); }
  int64_t weightBase() const { return config.tileRows * tile.rowBytes(); }
  int64_t codeRowBytes() const { return config.tileDepth * shape.unitBits() / 8; }
  Scalar lastWeightRow() { return b.i32(shape.columns * shape.ways - 1); }
  /// The result column, and the row in the weight matrix, of a row of the weight tile.
  Scalar columnOf(Scalar r) { return firstColumn + r / (8 * shape.ways) * 8 + r % 8; }
  Scalar weightRowOf(Scalar r) { return columnOf(r) + r / 8 % shape.ways * shape.columns; }

  kernel::MatmulOp op;
  KernelFunction &function;
  PtxBuilder &b;
  MmaConfig config;
  MatmulShape shape;
  Matrix x, weight;
  std::optional<WeightCodes> codes;
  std::optional<CodeMma> mma; ///< of codes with codes
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
  int64_t rowBytes = shape.depth * 2 / shape.unit();
  if (rowBytes % tile.rowBytes() != 0) {
    Scalar byte = (k + thread % tile.rowChunks() * kChunk) * 2;
    left = max(b.i32(rowBytes), byte) - byte;
  }
  for (auto [i, bytes] : llvm::enumerate(copies.bytes))
    b.copyAsync(b.bytePtr(target, b.i32(int64_t(i) * rowStep() * tile.rowBytes())),
                b.bytePtr(source, b.i64(int64_t(i) * copies.sourceStep)),
                left ? min(bytes, left) : bytes);
}

/// Where 16 bytes of codes lie in the tile: rows of 32 bytes meet in the banks every four rows, so
/// those swap their halves.
Scalar MatmulEmitter::codeChunkOffset(Scalar row, Scalar chunk) {
  if (codeRowBytes() == 32)
    chunk = chunk ^ row / 4 % 2;
  return row * codeRowBytes() + chunk * 16 + weightBase();
}

/// Copies the tile's rows of codes, 16 bytes a thread at once; zeros beyond the columns and the
/// rows, which end in zeros up to a multiple of 32.
void MatmulEmitter::copyCodes(Value stage, Scalar k) {
  int64_t chunks = codeRowBytes() / 16, total = config.tileColumns * chunks;
  for (int64_t i = 0; i < total; i += config.threads()) {
    Scalar row = (thread + i) / chunks, chunk = (thread + i) % chunks;
    auto copy = [&] {
      Scalar inside = columnOf(row) < shape.columns;
      Scalar code = k * shape.unit() + chunk * shape.weightsPerLoad();
      if (shape.unitDepth() % config.tileDepth != 0)
        inside = inside & (code < shape.depth);
      Value source = codes->at(weightRowOf(row), code);
      b.copyAsync(b.bytePtr(stage, codeChunkOffset(row, chunk)), source,
                  select(inside, b.i32(16), b.i32(0)));
    };
    if (i + config.threads() <= total)
      copy();
    else
      b.ifThen(thread + i < total, copy);
  }
}

void MatmulEmitter::copyStage(Value stage, Scalar k) {
  for (const Copies &c : copies)
    copyTile(c, stage, k);
  if (codes)
    copyCodes(stage, k);
}

SmallVector<Value> MatmulEmitter::decodeFragment(Value stage, Scalar row, int64_t depth,
                                                 const WeightCodes::Parameters &parameters) {
  // Two neighbouring codes of this lane, and the two 8 further: 16 or 8 bits.
  Type pairType = b.getIntegerType(2 * shape.weightBits);
  int64_t codesPerChunk = shape.weightsPerLoad();
  Value base = b.bytePtr(stage, codeChunkOffset(row + lane / 4, b.i32(depth / codesPerChunk)));
  SmallVector<Value> fragment;
  for (int64_t half = 0; half < 2; ++half) {
    Scalar pair = lane % 4 + (depth % codesPerChunk + half * 8) / 2;
    Value bits = b.load(pairType, b.elementPtr(base, pairType, pair), 2 * shape.weightBits / 8);
    Scalar word = b.wrap(arith::ExtUIOp::create(b, b.getI32Type(), bits));
    SmallVector<Scalar> values;
    for (Scalar code : codes->decode(word, 2))
      values.push_back(parameters.offset ? fma(parameters.scale, code, parameters.offset)
                                         : parameters.scale * code);
    fragment.push_back(b.packBf16(values[0], values[1]));
  }
  return fragment;
}

SmallVector<Value> MatmulEmitter::widenFragment(Value stage, Scalar row, int64_t depth) {
  // Four neighbouring codes of this lane, and the four 16 further.
  int64_t code = depth * 2;
  Value base = b.bytePtr(stage, codeChunkOffset(row + lane / 4, b.i32(code / 32)));
  SmallVector<Value> fragment;
  for (int64_t half = 0; half < 2; ++half) {
    Value bits = b.load(b.getI16Type(), b.bytePtr(base, lane % 4 * 2 + half * 8), 2);
    fragment.push_back(mma->widen(b.wrap(arith::ExtUIOp::create(b, b.getI32Type(), bits))));
  }
  return fragment;
}

SmallVector<SmallVector<Value>>
MatmulEmitter::columnFragments(Value stage, int64_t chunk,
                               ArrayRef<WeightCodes::Parameters> parameters) {
  SmallVector<SmallVector<Value>> fragments;
  for (int64_t j = 0; codes && j < columnTiles(); ++j) {
    Scalar row = warpColumn + j * 8;
    fragments.push_back(mma ? widenFragment(stage, row, chunk * kChunk)
                            : decodeFragment(stage, row, chunk * kChunk, parameters[j]));
  }
  for (int64_t i = 0; !codes && i < columnTiles() / 2; ++i) {
    // Rows 16 further have the same swizzle, so one offset serves all tiles of the warp.
    Value base = b.bytePtr(stage, tile.offsetB(lane, warpColumn, chunk) + weightBase());
    std::array<Value, 4> both =
        b.loadMatrices(b.bytePtr(base, b.i32(i * 16 * tile.rowBytes())), false);
    for (int64_t half = 0; half < 2; ++half)
      fragments.push_back({both[2 * half], both[2 * half + 1]});
  }
  return fragments;
}

/// Of the codes from depth `k` on, for each column tile; a depth beyond the last has the last
/// one's.
SmallVector<WeightCodes::Parameters> MatmulEmitter::loadParameters(Scalar k) {
  if (shape.depth % config.tileDepth != 0)
    k = min(k, b.i32(shape.depth - 1));
  SmallVector<WeightCodes::Parameters> parameters;
  for (int64_t j = 0; j < columnTiles(); ++j) {
    Scalar row = weightRowOf(warpColumn + j * 8 + lane / 4);
    parameters.push_back(codes->loadParameters(min(row, lastWeightRow()), k));
  }
  return parameters;
}

SmallVector<SmallVector<Value>> MatmulEmitter::rowFragments(Value stage, int64_t chunk) {
  Value base = b.bytePtr(stage, tile.offsetA(lane, warpRow, chunk));
  SmallVector<SmallVector<Value>> fragments;
  for (int64_t i = 0; i < rowTiles(); ++i) {
    std::array<Value, 4> words =
        b.loadMatrices(b.bytePtr(base, b.i32(i * 16 * tile.rowBytes())), false);
    fragments.emplace_back(words.begin(), words.end());
  }
  return fragments;
}

void MatmulEmitter::multiplyCodes(Value stage, int64_t chunk, Scalar k, SmallVector<Value> &sums) {
  Scalar code = k * shape.unit();
  SmallVector<CodeMma::XTile> xTiles;
  for (auto [i, words] : llvm::enumerate(rowFragments(stage, chunk))) {
    Scalar row = firstRow + warpRow + lane / 4 + int64_t(i) * 16;
    xTiles.push_back(mma->xTile(words, {min(row, rows - 1), min(row + 8, rows - 1)}, code));
  }
  SmallVector<CodeMma::WeightTile> weightTiles;
  for (auto [j, words] : llvm::enumerate(columnFragments(stage, chunk, {}))) {
    Scalar row = weightRowOf(warpColumn + lane % 4 * 2 + int64_t(j) * 8);
    weightTiles.push_back(
        mma->weightTile(words, {min(row, lastWeightRow()), min(row + 1, lastWeightRow())}, code));
  }
  for (int64_t i = 0; i < rowTiles(); ++i)
    for (int64_t j = 0; j < columnTiles(); ++j) {
      auto *sum = sums.begin() + (i * columnTiles() + j) * 4;
      llvm::copy(mma->multiply(xTiles[i], weightTiles[j], {sum[0], sum[1], sum[2], sum[3]}), sum);
    }
}

/// Adds the product of the tiles in `stage`, from depth `k` on, to the warp's sums: 4 values for
/// each 16x8 tile, column tiles innermost.
SmallVector<Value> MatmulEmitter::multiplyStage(Value stage, Scalar k, ValueRange sums) {
  SmallVector<WeightCodes::Parameters> parameters;
  SmallVector<Value> next(sums);
  for (int64_t chunk = 0; chunk < tile.rowChunks(); chunk += 2) {
    if (mma) {
      multiplyCodes(stage, chunk, k + chunk * kChunk, next);
      continue;
    }
    if (codes && chunk * kChunk % codes->groupDepth() == 0)
      parameters = loadParameters(k + chunk * kChunk);
    SmallVector<SmallVector<Value>> rowsOfX = rowFragments(stage, chunk);
    SmallVector<SmallVector<Value>> fragments = columnFragments(stage, chunk, parameters);
    for (int64_t i = 0; i < rowTiles(); ++i)
      for (int64_t j = 0; j < columnTiles(); ++j) {
        auto *sum = next.begin() + (i * columnTiles() + j) * 4;
        llvm::copy(b.mma(rowsOfX[i], fragments[j], {sum[0], sum[1], sum[2], sum[3]}), sum);
      }
  }
  return next;
}

SmallVector<Value> MatmulEmitter::multiply() {
  int64_t numTiles = llvm::divideCeil(shape.unitDepth(), config.tileDepth),
          ahead = config.stages - 1;
  Value shared = b.sharedMemory();
  // A group for each stage, empty ones too, so that a count of groups is a count of stages.
  for (int64_t i = 0; i < ahead; ++i) {
    if (i < numTiles)
      copyStage(b.bytePtr(shared, b.i32(i * stageBytes())), b.i32(i * config.tileDepth));
    b.commitCopies();
  }
  SmallVector<Value> carried = {b.i32(0), b.i32(ahead * stageBytes())};
  carried.append(rowTiles() * columnTiles() * 4, mma ? mma->getProduct().zero() : b.f32(0));
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
    next.append(multiplyStage(b.bytePtr(shared, readAt), i * config.tileDepth, now.drop_front(2)));
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
          Scalar c = column + j / ways * 8;
          SmallVector<SmallVector<Scalar>> elements(2);
          auto store = [&] {
            for (int64_t e = 0; e < 2; ++e)
              for (int64_t way = 0; way < ways; ++way) {
                Scalar sum = b.wrap(sums[(i * columnTiles() + j + way) * 4 + half * 2 + e]);
                if (mma) {
                  // The last column may have no neighbour.
                  Scalar own = min(c + e, b.i32(shape.columns - 1));
                  sum = mma->finish(sum, r, own + way * shape.columns);
                }
                elements[e].push_back(sum);
              }
            epilogue.store(r, c, elements);
          };
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
  if (!codes)
    copies.push_back(planCopies(
        weight, config.tileColumns, weightBase(), shape.ways,
        [&](Scalar r) { return weightRowOf(r); },
        [&](Scalar r) { return columnOf(r) < shape.columns; }));
  storeTile(multiply());
}

LogicalResult ptx::emitMatmul(kernel::MatmulOp op, gpu::GPUModuleOp module, bool hasFp8Products) {
  FailureOr<MmaConfig> config = MmaConfig::read(op);
  if (failed(config))
    return failure();
  KernelFunction function(op, module);
  MatmulEmitter(op, function, *config, hasFp8Products).emit();
  return success();
}
