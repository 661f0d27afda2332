//===- DecodeAttentionCombine.cpp - warps, then blocks meet ---------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Parts are merged in order, so that a result does not depend on who comes last.
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/DecodeAttention.h"
#include "lowering/gpu/SharedTile.h"
#include "lowering/gpu/WarpHead.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;
using Kind = kernel::Argument::Kind;
using llvm::SmallVector;

/// Elements of a result that one thread merges.
static constexpr int64_t kQuad = 4;

Value DecodeAttentionEmitter::sums() {
  return sharedAt(config.partBase(shape) + config.partBytes(shape, op.getSplits()));
}

Scalar DecodeAttentionEmitter::resultColumn(Scalar tileRow, Scalar dim) {
  // Eight lanes store together: those of two rows, four lanes a row, each with two units side by
  // side. Lines of 32 elements, and odd rows, permute the fours of a line in their own way.
  int64_t unitQuads = shape.values.unitElements() / kQuad;
  Scalar mask = dim / 32 % 4 ^ tileRow % 2 * unitQuads;
  return dim ^ mask * kQuad;
}

void DecodeAttentionEmitter::writeWarpPart(const State &state) {
  auto inUnit = [&](Scalar element) { return state.unit ? element * state.unit : element; };
  for (int64_t half = 0; half < numHalves(); ++half) {
    Scalar tileRow = laneRow + half * 8;
    Scalar sum = b.warpSum(state.rows[half].sum, /*lanes=*/4);
    b.ifThen(tileRow < numRows(), [&] {
      // One lane of a quad, in one of the warps that have the same keys.
      b.ifThen((laneColumn == 0) & (warp % config.headSplit(shape) == 0), [&] {
        Scalar slot = keyWarp * numRows() + tileRow;
        b.storeFloats(maxima(), b.getF32Type(), slot, {state.rows[half].maximum});
        b.storeFloats(sums(), b.getF32Type(), slot, {sum});
      });
      Scalar base = (keyWarp * numRows() + tileRow) * config.resultStride(shape);
      for (int64_t i = 0; i < valueLoads(); ++i)
        for (int64_t column = 0; column < 2; ++column) {
          int64_t unitElements = shape.values.unitElements();
          for (int64_t quad = 0; quad < unitElements; quad += kQuad) {
            Scalar dim = (valueUnit(i) + laneColumn * 2 + column) * unitElements + quad;
            auto store = [&] {
              SmallVector<Scalar> elements;
              for (int64_t j = 0; j < kQuad; ++j)
                elements.push_back(
                    inUnit(b.wrap(state.result[i * unitElements + quad + j][half * 2 + column])));
              b.storeFloats(warpResults(), b.getF32Type(), base + resultColumn(tileRow, dim),
                            elements);
            };
            if ((i + 1) * 8 * unitElements <= shape.headStride && config.headSplit(shape) == 1)
              store();
            else
              b.ifThen(dim < shape.headStride, store);
          }
        }
    });
  }
}

DecodeAttentionEmitter::Merged DecodeAttentionEmitter::merge(const Parts &parts, Scalar tileRow) {
  auto scalarOf = [&](Value base, Scalar part) {
    return b.loadFloats(base, b.getF32Type(), part * numRows() + tileRow, 1).front();
  };
  Value none = SoftmaxRow::begin(b).maximum;
  Value best = b.forLoop(b.i32(0), parts.count, b.i32(1), {none},
                         [&](Scalar part, ValueRange now) -> SmallVector<Value> {
                           return {max(b.wrap(now[0]), scalarOf(maxima(), part))};
                         })[0];
  SmallVector<Value> totals(1 + kQuad, b.f32(0)); // the sum, then the elements
  totals = b.forLoop(b.i32(0), parts.count, b.i32(1), totals, [&](Scalar part, ValueRange now) {
    Scalar weight = b.exp2((scalarOf(maxima(), part) - b.wrap(best)) * b.f32(scale()));
    SmallVector<Scalar> terms = {scalarOf(sums(), part)};
    terms.append(
        b.loadFloats(parts.results, b.getF32Type(), parts.first + part * parts.distance, kQuad));
    SmallVector<Value> next;
    for (auto [term, total] : llvm::zip_equal(terms, now))
      next.push_back(fma(weight, term, b.wrap(total)));
    return next;
  });
  Merged merged{b.wrap(best), b.wrap(totals[0]), {}};
  for (Value total : ArrayRef(totals).drop_front())
    merged.elements.push_back(b.wrap(total));
  return merged;
}

void DecodeAttentionEmitter::forEachQuad(llvm::function_ref<void(Scalar, Scalar)> body) {
  int64_t rowQuads = shape.headStride / kQuad;
  b.forLoop(thread, b.i32(numRows() * rowQuads), b.i32(config.warps * kWarpSize), [&](Scalar i) {
    Scalar tileRow = i / rowQuads, dim = i % rowQuads * kQuad;
    if (shape.group % numRows() == 0)
      body(tileRow, dim);
    else
      b.ifThen(firstHead + tileRow < shape.group, [&] { body(tileRow, dim); });
  });
}

void DecodeAttentionEmitter::storeResult(Scalar tileRow, Scalar dim, const Merged &merged) {
  Matrix result = function.activation(op.getResult());
  Scalar factor = b.reciprocal(merged.sum);
  SmallVector<Scalar> values =
      llvm::map_to_vector(merged.elements, [&](Scalar element) { return element * factor; });
  if (shape.values.format.hadamard) {
    // In place of the first warp's part, which this thread alone has read.
    b.storeFloats(warpResults(), b.getF32Type(),
                  tileRow * config.resultStride(shape) + resultColumn(tileRow, dim), values);
    return;
  }
  Scalar column = queryHead(tileRow) * shape.headDim + dim;
  if (shape.headDim % kQuad == 0) {
    b.ifThen(dim < shape.headDim,
             [&] { b.storeFloats(result.row(b, row), result.element, column, values); });
    return;
  }
  for (int64_t i = 0; i < kQuad; ++i)
    b.ifThen(dim + i < shape.headDim,
             [&] { b.storeFloats(result.row(b, row), result.element, column + i, {values[i]}); });
}

/// Turns the rows that storeResult left in shared memory back, each by a warp, and stores them.
void DecodeAttentionEmitter::finishRotatedRows() {
  if (!shape.values.format.hadamard)
    return;
  b.barrier();
  Matrix result = function.activation(op.getResult());
  b.forLoop(warp, b.i32(numRows()), b.i32(config.warps), [&](Scalar tileRow) {
    WarpHead head(b, shape.headDim, /*width=*/2, lane);
    head.load(b.elementPtr(warpResults(), b.getF32Type(), tileRow * config.resultStride(shape)),
              b.getF32Type(), Access::Plain,
              [&](Scalar dim) { return resultColumn(tileRow, dim); });
    head.transformBack(*shape.values.format.hadamard);
    b.ifThen(firstHead + tileRow < shape.group, [&] {
      Value target =
          b.elementPtr(result.row(b, row), result.element, queryHead(tileRow) * shape.headDim);
      head.store(target, result.element, shape.headDim);
    });
  });
}

// Partials, in f32: results [split][head][headStride], maxima [split][head], sums [split][head].

void DecodeAttentionEmitter::storePart(Scalar tileRow, Scalar dim, const Merged &merged) {
  Value partials = function.activation(op.getPartials()).row(b, row);
  int64_t heads = op.getHeads(), parts = op.getSplits() * heads;
  Scalar part = split * heads + queryHead(tileRow);
  b.storeFloats(partials, b.getF32Type(), part * shape.headStride + dim, merged.elements);
  b.ifThen(dim == 0, [&] {
    Scalar slot = part + parts * shape.headStride;
    b.storeFloats(partials, b.getF32Type(), slot, {merged.maximum});
    b.storeFloats(partials, b.getF32Type(), slot + parts, {merged.sum});
  });
}

void DecodeAttentionEmitter::combineWarps() {
  forEachQuad([&](Scalar tileRow, Scalar dim) {
    int64_t stride = config.resultStride(shape);
    Parts parts{b.i32(keyWarps()), warpResults(), tileRow * stride + resultColumn(tileRow, dim),
                numRows() * stride};
    Merged merged = merge(parts, tileRow);
    if (op.getSplits() == 1) {
      storeResult(tileRow, dim, merged);
      return;
    }
    b.ifThen(activeSplits == 1, [&] { storeResult(tileRow, dim, merged); });
    b.ifThen(activeSplits > 1, [&] { storePart(tileRow, dim, merged); });
  });
  if (op.getSplits() == 1)
    finishRotatedRows();
  else if (shape.values.format.hadamard)
    b.ifThen(activeSplits == 1, [&] { finishRotatedRows(); });
}

void DecodeAttentionEmitter::ifLastBlock(llvm::function_ref<void()> body) {
  // What this block's threads have stored is seen by whoever sees the counter.
  b.fence();
  b.barrier();
  Scalar last = activeSplits - 1;
  b.ifThen(thread == 0, [&] {
    Value counter = b.elementPtr(function.pointer(Kind::Counters), b.getI32Type(),
                                 row * kernel::kCounters + b.blockId(1));
    // The last one finds `last`, and leaves zero.
    b.store(b.atomicIncrement(counter, last), flag(), 4);
  });
  b.barrier();
  b.ifThen(b.loadI32(flag(), b.i32(0), Access::Plain) == last, [&] {
    b.fence();
    body();
  });
}

void DecodeAttentionEmitter::combineSplits() {
  Value partials = function.activation(op.getPartials()).row(b, row);
  int64_t heads = op.getHeads(), parts = op.getSplits() * heads;
  auto load = [&](Scalar index) {
    return b.loadFloats(partials, b.getF32Type(), index, 1).front();
  };
  b.forLoop(thread, activeSplits * numRows(), b.i32(config.warps * kWarpSize), [&](Scalar i) {
    Scalar part = i / numRows(), tileRow = i % numRows();
    Scalar inGroup = min(firstHead + tileRow, b.i32(shape.group - 1));
    Scalar slot = part * heads + kvHead * shape.group + inGroup + parts * shape.headStride;
    b.storeFloats(maxima(), b.getF32Type(), i, {load(slot)});
    b.storeFloats(sums(), b.getF32Type(), i, {load(slot + parts)});
  });
  b.barrier();
  forEachQuad([&](Scalar tileRow, Scalar dim) {
    Parts all{activeSplits, partials, queryHead(tileRow) * shape.headStride + dim,
              heads * shape.headStride};
    storeResult(tileRow, dim, merge(all, tileRow));
  });
  finishRotatedRows();
}
