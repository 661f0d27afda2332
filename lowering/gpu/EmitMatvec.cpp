//===- EmitMatvec.cpp - products with few rows: reading the weights -------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Decode is bound by the weights' bytes. Each is read once, 16 a lane, 512 consecutive ones a warp,
// with `unroll` such loads for each weight row under way before the first is used. `split` warps
// share the depth of a column; their sums meet in shared memory, always in the same order, and one
// thread for each result element runs the epilogue. x comes through the read-only cache. Codes are
// decoded in registers (MatvecTerms.h). Where kernels overlap, a block has its first weights
// brought to the L2 cache while those before it still compute its x.
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/Emitters.h"
#include "lowering/gpu/Epilogue.h"
#include "lowering/gpu/KernelConfig.h"
#include "lowering/gpu/MatvecTerms.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;
using llvm::SmallVector;

namespace {

class MatvecEmitter {
public:
  MatvecEmitter(kernel::MatmulOp op, KernelFunction &function, MatvecConfig config)
      : op(op), function(function), b(function.getBuilder()), config(config), shape(op),
        terms(shape.hasCodes ? createCodeTerms(op, function) : createValueTerms(op, function)) {}

  /// `overlaps`: the kernel begins before those before it have ended.
  void emit(bool overlaps);

private:
  /// Sums of one lane: for each row of x, column and way, of the even and the odd elements, which
  /// makes two shorter chains of additions.
  using Sums = SmallVector<Value>;

  size_t numWeightRows() const { return config.columns * shape.ways; }
  void prefetchWeights(Scalar thread);
  void findWeightRows(Scalar warp);
  /// Adds the products of `steps` chunks, `stride()` elements apart from `k` on.
  Sums accumulate(Scalar k, int64_t steps, const Sums &sums);
  Sums accumulateDepth(Scalar first);
  void reduceAndStore(const Sums &sums, Scalar thread);
  /// Elements that the warps of a column take in one step.
  int64_t stride() const { return config.split * kWarpSize * shape.weightsPerLoad(); }

  kernel::MatmulOp op;
  KernelFunction &function;
  PtxBuilder &b;
  MatvecConfig config;
  MatmulShape shape;
  std::unique_ptr<MatvecTerms> terms;
  SmallVector<Scalar> weightRows; ///< column major: all ways of a column, then the next
};

} // namespace

/// What the block's warps load first of each of its weight rows, a thread a row.
void MatvecEmitter::prefetchWeights(Scalar thread) {
  int64_t elements =
      std::min(roundUp(shape.depth, kernel::kRowAlignment), config.unroll * stride());
  b.ifThen(thread < config.blockColumns() * shape.ways, [&] {
    Scalar column = b.blockId(0) * config.blockColumns() + thread / shape.ways;
    Scalar row = min(column, b.i32(shape.columns - 1)) + thread % shape.ways * shape.columns;
    b.prefetch(terms->weightsAt(row, b.i32(0)), elements * shape.weightBits / 8);
  });
}

void MatvecEmitter::findWeightRows(Scalar warp) {
  Scalar first = b.blockId(0) * config.blockColumns() + warp / config.split * config.columns;
  for (int64_t i = 0; i < config.columns; ++i) {
    Scalar column = first + i;
    if (shape.columns % config.blockColumns() != 0) // the last block repeats the last column
      column = min(column, b.i32(shape.columns - 1));
    for (int64_t way = 0; way < shape.ways; ++way)
      weightRows.push_back(column + way * shape.columns);
  }
}

MatvecEmitter::Sums MatvecEmitter::accumulate(Scalar k, int64_t steps, const Sums &sums) {
  SmallVector<MatvecTerms::Weights> weights;
  SmallVector<MatvecTerms::Inputs> inputs;
  for (int64_t step = 0; step < steps; ++step)
    for (Scalar row : weightRows)
      weights.push_back({terms->loadWeights(row, k + step * stride()), {}});
  for (int64_t step = 0; step < steps; ++step)
    for (size_t r = 0; r < numWeightRows(); ++r)
      weights[step * numWeightRows() + r].parameters =
          terms->loadParameters(weightRows[r], k + step * stride());
  for (int64_t step = 0; step < steps; ++step)
    for (int64_t m = 0; m < shape.rows; ++m)
      inputs.push_back(terms->loadInputs(b.i32(m), k + step * stride()));

  Sums next = sums;
  for (int64_t step = 0; step < steps; ++step)
    for (int64_t m = 0; m < shape.rows; ++m)
      for (size_t r = 0; r < numWeightRows(); ++r) {
        size_t sum = 2 * (m * numWeightRows() + r);
        Scalar even = b.wrap(next[sum]), odd = b.wrap(next[sum + 1]);
        terms->multiply(weights[step * numWeightRows() + r], inputs[step * shape.rows + m], even,
                        odd);
        next[sum] = even;
        next[sum + 1] = odd;
      }
  return next;
}

/// Walks the depth from element `first` on: whole unrolled steps, then the remaining ones,
/// of which the last may have chunks for some lanes only.
MatvecEmitter::Sums MatvecEmitter::accumulateDepth(Scalar first) {
  Sums sums(2 * shape.rows * numWeightRows(), terms->zero());
  // Steps in which every lane has a chunk, and every element of it, are not guarded.
  int64_t fullSteps = shape.depth / stride();
  int64_t unrolled = fullSteps / config.unroll * config.unroll;
  if (unrolled > 0)
    sums = b.forLoop(
        first, b.i32(unrolled * stride()), b.i32(config.unroll * stride()), sums,
        [&](Scalar k, ValueRange carried) { return accumulate(k, config.unroll, Sums(carried)); });
  Scalar k = first + unrolled * stride();
  if (unrolled < fullSteps)
    sums = accumulate(k, fullSteps - unrolled, sums);
  if (fullSteps * stride() < shape.depth) {
    k = first + fullSteps * stride();
    sums = b.ifElse(k < shape.depth, sums, [&] { return accumulate(k, 1, sums); });
  }
  return sums;
}

void MatvecEmitter::reduceAndStore(const Sums &sums, Scalar thread) {
  // Shared memory: [split][rows of x][columns of the block][ways] partial sums.
  int64_t perRow = config.blockColumns() * shape.ways, perSplit = shape.rows * perRow;
  Scalar lane = thread % kWarpSize, warp = thread / kWarpSize;
  Value shared = b.sharedMemory();
  bool isInteger = terms->zero().getType().isInteger(32);
  SmallVector<Scalar> totals;
  for (size_t i = 0; i < sums.size(); i += 2)
    totals.push_back(b.warpSum(b.wrap(sums[i]) + b.wrap(sums[i + 1])));
  b.ifThen(lane == 0, [&] {
    Scalar slot = warp % config.split * perSplit + warp / config.split * int64_t(numWeightRows());
    for (auto [i, total] : llvm::enumerate(totals)) {
      int64_t m = i / numWeightRows(), r = i % numWeightRows();
      // An i32 passes as the f32 of its bits.
      b.storeFloats(shared, b.getF32Type(), slot + (m * perRow + r),
                    {isInteger ? total.bitcast(b.getF32Type()) : total});
    }
  });
  b.barrier();

  int64_t results = shape.rows * config.blockColumns();
  Epilogue epilogue(op, function);
  b.forLoop(thread, b.i32(results), b.i32(config.warps * kWarpSize), [&](Scalar i) {
    Scalar m = i / config.blockColumns(), inBlock = i % config.blockColumns();
    Scalar column = b.blockId(0) * config.blockColumns() + inBlock;
    auto finish = [&] {
      SmallVector<Scalar> ways;
      for (int64_t way = 0; way < shape.ways; ++way) {
        Scalar sum = terms->zero();
        Scalar index = m * perRow + inBlock * shape.ways + way;
        for (int64_t s = 0; s < config.split; ++s) {
          Scalar part = b.loadFloats(shared, b.getF32Type(), index + s * perSplit, 1).front();
          sum = sum + (isInteger ? part.bitcast(b.getI32Type()) : part);
        }
        ways.push_back(terms->finish(sum, m, column + way * shape.columns));
      }
      epilogue.store(m, column, {ways});
    };
    if (shape.columns % config.blockColumns() == 0)
      finish();
    else
      b.ifThen(column < shape.columns, finish);
  });
}

void MatvecEmitter::emit(bool overlaps) {
  Scalar thread = b.threadId(), warp = thread / kWarpSize, lane = thread % kWarpSize;
  if (overlaps)
    prefetchWeights(thread);
  findWeightRows(warp);
  Scalar first = (warp % config.split * kWarpSize + lane) * shape.weightsPerLoad();
  reduceAndStore(accumulateDepth(first), thread);
}

LogicalResult ptx::emitMatvec(kernel::MatmulOp op, gpu::GPUModuleOp module, bool overlaps) {
  FailureOr<MatvecConfig> config = MatvecConfig::read(op);
  if (failed(config))
    return failure();
  KernelFunction function(op, module);
  MatvecEmitter(op, function, *config).emit(overlaps);
  return success();
}
