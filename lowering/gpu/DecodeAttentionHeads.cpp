//===- DecodeAttentionHeads.cpp - the queries, and the new key and value --===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/ChannelWriter.h"
#include "lowering/gpu/DecodeAttention.h"
#include "lowering/gpu/SharedTile.h"
#include "lowering/gpu/WarpHead.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;
using Kind = kernel::Argument::Kind;

/// Head `index` of the block: the queries of its tile, the key, the value. A tile that is not full
/// repeats the group's last head.
Value DecodeAttentionEmitter::headSource(Scalar index) {
  auto at = [&](Value activation, int64_t offset, Scalar head) {
    Matrix matrix = function.activation(activation);
    return b.wrap(b.elementPtr(matrix.row(b, row), matrix.element, head * shape.headDim + offset));
  };
  Scalar inGroup = min(firstHead + index, b.i32(shape.group - 1));
  Scalar query = at(op.getQ(), op.getOffsets()[0], kvHead * shape.group + inGroup);
  Scalar key = at(op.getK(), op.getOffsets()[1], kvHead);
  Scalar value = at(op.getV(), op.getOffsets()[2], kvHead);
  return select(index < numRows(), query, select(index == numRows(), key, value));
}

/// Puts the new key and value, head `index` - numRows(), into the cache.
void DecodeAttentionEmitter::append(WarpHead &head, Scalar index) {
  Scalar position = length - 1;
  Scalar pageIndex = sequence * function.number(Kind::MaxPages) + position / kPageTokens;
  Scalar page = b.loadI32(function.pointer(Kind::PageTable), pageIndex);
  auto appendTo = [&](const CachePool &pool, int64_t place) {
    if (pool.format.residual)
      windowOf(pool).append(head, position);
    if (pool.format.channels)
      return; // until their group is complete
    Value block = readerOf(pool).block(page, kvHead);
    Value scratch = b.bytePtr(warpResults(), b.i32(place * shape.codedHeadBytes()));
    appendHead(b, head, pool, block, position % kPageTokens, scratch, lane);
  };
  b.ifThen(index == numRows(), [&] { appendTo(shape.keys, 0); });
  b.ifThen(index > numRows(), [&] { appendTo(shape.values, 1); });
}

/// Where tokens are coded by channel and the new one completes a group: the block that has appended
/// it codes the group.
void DecodeAttentionEmitter::encodeGroup(const CachePool &pool) {
  if (!pool.format.channels)
    return;
  b.ifThen((endKey == length) & (length % pool.format.group == 0), [&] {
    Scalar position = length - 1;
    Scalar pageIndex = sequence * function.number(Kind::MaxPages) + position / kPageTokens;
    Scalar page = b.loadI32(function.pointer(Kind::PageTable), pageIndex);
    ChannelWriter(b, pool, thread, config.warps)
        .encode(windowOf(pool).block(position), readerOf(pool).block(page, kvHead),
                position % kPageTokens / pool.format.group);
    b.barrier();
  });
}

/// Puts the tile's queries into shared memory; the block that has the last keys appends the new
/// ones, which its own threads read after the barrier. Blocks of further tiles of the same KV head
/// write the same.
void DecodeAttentionEmitter::prepareHeads() {
  Matrix q = function.activation(op.getQ());
  Scalar count = select(endKey == length, b.i32(numRows() + 2), b.i32(numRows()));
  b.forLoop(warp, count, b.i32(config.warps), [&](Scalar index) {
    WarpHead head(b, shape.headDim, WarpHead::chooseWidth(shape.headDim, op.getOffsets()), lane);
    head.load(headSource(index), q.element, q.access);
    if (op.getQNorm() || (op.getRope() && !keysTurn()))
      head.applyIf(index <= numRows(), [&] {
        if (op.getQNorm()) {
          Scalar qNorm = b.wrap(function.vector(op.getQNorm()).base),
                 kNorm = b.wrap(function.vector(op.getKNorm()).base);
          head.normalize(select(index < numRows(), qNorm, kNorm), op.getEps()->convertToDouble());
        }
        if (op.getRope() && !keysTurn())
          head.rotate(function.pointer(Kind::RopeTable), length - 1);
      });
    if (keysTurn())
      head.applyIf(index < numRows(),
                   [&] { head.rotate(function.pointer(Kind::RopeTable), length - 1); });
    // Queries are rotated with the keys that they meet, unless those are turned back first.
    if (shape.keys.format.hadamard)
      head.applyIf(keysTurn() ? index == numRows() : index <= numRows(),
                   [&] { head.transform(*shape.keys.format.hadamard); });
    if (shape.values.format.hadamard)
      head.applyIf(index > numRows(), [&] { head.transform(*shape.values.format.hadamard); });
    b.ifThen(index < numRows(), [&] {
      if (keysTurn())
        return head.storePairs(queries(), b.getF32Type(), config.queryColumns(shape),
                               [&](Scalar place) { return fragmentPlace(index, place); });
      Value target = b.elementPtr(queries(), b.getBF16Type(), index * config.queryStride(shape));
      head.store(target, b.getBF16Type(), config.queryColumns(shape));
    });
    append(head, index);
  });
}

void DecodeAttentionEmitter::loadQuery() {
  for (int64_t half = 0; half < numHalves(); ++half) {
    Scalar tileRow = min(laneRow + half * 8, b.i32(numRows() - 1));
    for (int64_t i = 0; i < keyLoads(); ++i) {
      int64_t elements = shape.keys.unitElements();
      Scalar index = tileRow * config.queryStride(shape) + (laneColumn + i * 4) * elements;
      SmallVector<Scalar> &words = query.emplace_back();
      for (int64_t chunk = 0; chunk < elements; chunk += kChunk)
        words.append(
            b.loadWords(b.elementPtr(queries(), b.getBF16Type(), index + chunk), Access::Plain));
    }
  }
}
