//===- EmitRopeAppend.cpp - rotation and KV append ---------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/CacheEncoder.h"
#include "lowering/cpu/ChannelEncoder.h"
#include "lowering/cpu/HeadRotation.h"
#include "lowering/cpu/HeadTurn.h"
#include "lowering/cpu/KernelConfig.h"
#include "lowering/cpu/KernelEmitters.h"
#include "lowering/cpu/Launch.h"
#include "lowering/cpu/RopeAppendLaunch.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

using Values = CodeBuilder::Values;

namespace {

/// One kernel.rope_append. An item is a KV head, with its query heads, times a block of rows.
class RopeAppendEmitter {
public:
  RopeAppendEmitter(kernel::RopeAppendOp op, const CacheGeometry &cache, KernelBody &body)
      : op(op), cache(cache), body(body), b(body.b), f32(b.getF32Type()) {}

  void emit(int64_t rowsPerItem);

private:
  void emitRow(Value row, Value kvHead);
  /// A head of q or k, and the weight of its norm, where it has one.
  struct Head {
    Value from, norm, normTensor;
    bool turns;
  };
  /// Normalizes and rotates a head and stores it at `to`.
  void emitHead(const Head &head, Value position, Value to);
  void normalize(const Head &head, ArrayRef<HeadPiece> pieces, Values &values);
  /// Where a token goes: the page of the pool, its sequence's page of the window (where there is
  /// any), and the place in either.
  struct Place {
    Value page, windowPage, kvHead, slot;
  };
  void append(const CachePool &pool, Value pointer, Value window, const Place &place);
  Value head(Value pointer, Value tensor, int64_t offset, Value row, Value index);

  kernel::RopeAppendOp op;
  const CacheGeometry &cache;
  KernelBody &body;
  CodeBuilder &b;
  Type f32;
  Value q, k, v, qNorm, kNorm, result, keyPool, valuePool, keyWindow, valueWindow, slots, ropeTable,
      tokenSeq, tokenPos, pageTable, maxPages, rows;
};

} // namespace

void RopeAppendEmitter::emit(int64_t rowsPerItem) {
  q = body.nextPointer();
  k = body.nextPointer();
  v = body.nextPointer();
  if (op.getQNorm()) {
    qNorm = body.nextPointer();
    kNorm = body.nextPointer();
  }
  result = body.nextPointer();
  keyPool = body.nextPointer();
  valuePool = body.nextPointer();
  if (cache.keys.format.residual)
    keyWindow = body.nextPointer();
  if (cache.values.format.residual)
    valueWindow = body.nextPointer();
  if (cache.hasWindow())
    slots = body.nextPointer();
  if (op.getRope())
    ropeTable = body.nextPointer();
  tokenSeq = body.nextPointer();
  tokenPos = body.nextPointer();
  pageTable = body.nextPointer();
  maxPages = body.nextInteger();
  rows = body.nextRows(staticRowsOf(op.getResult()));
  body.forEachItem([&](Value item) {
    // Keys by channel wait in the window for those of their group: one item has all rows.
    if (cache.hasWindow())
      return b.loop(b.i64(0), rows, 1, [&](Value row) { emitRow(row, item); });
    Value kvHead = b.remainder(item, cache.kvHeads());
    Value first = b.multiply(b.divide(item, cache.kvHeads()), rowsPerItem);
    b.loop(first, b.minimum(b.add(first, rowsPerItem), rows), 1,
           [&](Value row) { emitRow(row, kvHead); });
  });
}

Value RopeAppendEmitter::head(Value pointer, Value tensor, int64_t offset, Value row, Value index) {
  int64_t stride = rowStride(cast<RankedTensorType>(tensor.getType()).getDimSize(1));
  Value column = b.add(b.multiply(index, cache.headDim()), offset);
  return b.element(f32, pointer, b.add(b.multiply(row, stride), column));
}

void RopeAppendEmitter::emitRow(Value row, Value kvHead) {
  ArrayRef<int64_t> offsets = op.getOffsets();
  Value position = b.loadIndex(tokenPos, row), sequence = b.loadIndex(tokenSeq, row);
  int64_t group = op.getHeads() / cache.kvHeads();
  Value firstHead = b.multiply(kvHead, group);
  b.loop(b.i64(0), b.i64(group), 1, [&](Value i) {
    Value index = b.add(firstHead, i);
    emitHead({head(q, op.getQ(), offsets[0], row, index), qNorm, op.getQNorm(), bool(ropeTable)},
             position, head(result, op.getResult(), 0, row, index));
  });

  Value pageIndex = b.add(b.multiply(sequence, maxPages), b.divide(position, kPageTokens));
  Place place{b.loadIndex(pageTable, pageIndex), {}, kvHead, b.remainder(position, kPageTokens)};
  if (slots) {
    Value parity = b.remainder(b.divide(position, kPageTokens), 2);
    place.windowPage = b.add(b.multiply(b.loadIndex(slots, sequence), 2), parity);
  }
  emitHead({head(k, op.getK(), offsets[1], row, kvHead), kNorm, op.getKNorm(),
            ropeTable && !op.getKeysUnrotated()},
           position, body.scratch);
  append(cache.keys, keyPool, keyWindow, place);
  Value from = head(v, op.getV(), offsets[2], row, kvHead);
  b.columns(cache.headDim(), [&](Value column, int64_t lanes) {
    Value value = b.loadVector(f32, b.element(f32, from, column), lanes);
    b.storeVector(value, b.element(f32, body.scratch, column));
  });
  append(cache.values, valuePool, valueWindow, place);
}

/// Stores the head in scratch memory as a token of a page; the codes lie behind it meanwhile.
void RopeAppendEmitter::append(const CachePool &pool, Value pointer, Value window,
                               const Place &place) {
  if (pool.format.hadamard)
    emitRotation(b, body.scratch, cache.headDim(), *pool.format.hadamard);
  Value codes = b.element(f32, body.scratch, cache.paddedDim());
  Value block = pool.block(b, pointer, place.page, place.kvHead), windowBlock;
  if (window) {
    const CachePool recent = pool.window();
    windowBlock = recent.block(b, window, place.windowPage, place.kvHead);
    CacheEncoder(b, body.target, recent).append(body.scratch, codes, windowBlock, place.slot);
  }
  if (!pool.format.channels)
    return CacheEncoder(b, body.target, pool).append(body.scratch, codes, block, place.slot);
  Value group = b.divide(place.slot, pool.format.group);
  Value isLast =
      b.isEqual(b.remainder(place.slot, pool.format.group), b.i64(pool.format.group - 1));
  b.when(isLast, [&] { ChannelEncoder(b, pool).encode(windowBlock, block, group); });
}

void RopeAppendEmitter::emitHead(const Head &head, Value position, Value to) {
  SmallVector<HeadPiece> pieces = headPieces(cache.headDim(), head.turns);
  Values values;
  for (HeadPiece piece : pieces)
    values.push_back(b.loadVector(f32, b.element(f32, head.from, piece.start), piece.lanes));
  if (head.norm)
    normalize(head, pieces, values);
  // The table has the angles of a position in a row.
  if (head.turns)
    turnHead(b, values, cache.headDim(),
             b.element(f32, ropeTable, b.multiply(position, cache.headDim())));
  for (auto [piece, value] : llvm::zip(pieces, values))
    b.storeVector(value, b.element(f32, to, piece.start), piece.lanes);
}

void RopeAppendEmitter::normalize(const Head &head, ArrayRef<HeadPiece> pieces, Values &values) {
  Value squares = b.splat(0.0);
  for (Value value : values)
    squares = b.fma(value, value, squares);
  Value mean = b.mulf(b.sumOfLanes(squares), b.splat(1.0 / double(cache.headDim())));
  Value variance = b.addf(mean, b.splat(op.getEps()->convertToDouble()));
  Value inverse = b.divf(b.splat(1.0), math::SqrtOp::create(b, variance));
  Type type = getElementTypeOrSelf(head.normTensor.getType());
  for (auto [piece, value] : llvm::zip(pieces, values)) {
    Value weight = b.loadVector(type, b.element(type, head.norm, piece.start), piece.lanes);
    value = b.mulf(b.mulf(value, inverse), weight);
  }
}

int64_t cpu::ropeAppendScratchBytes(const CacheGeometry &cache) {
  bool isNative = cache.keys.format.isNative() && cache.values.format.isNative();
  return (isNative ? 1 : 2) * cache.paddedDim() * int64_t(sizeof(float));
}

LogicalResult cpu::emitKernel(kernel::RopeAppendOp op, KernelBody &body) {
  FailureOr<RowConfig> config = readConfig<RowConfig>(op);
  FailureOr<CacheGeometry> cache = CacheGeometry::get(op, op.getCacheAttr());
  if (failed(config) || failed(cache))
    return failure();
  RopeAppendEmitter(op, *cache, body).emit(config->rows);
  return success();
}
