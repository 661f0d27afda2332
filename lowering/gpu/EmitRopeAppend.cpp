//===- EmitRopeAppend.cpp - q/k norm, rotation, KV append -----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A warp takes one head of q, k or v of one row. Keys, or values, that are coded by channel are a
// block's, the new ones of a group of tokens: of the row that has the group's first of them.
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/AttentionParts.h"
#include "lowering/gpu/CacheReader.h"
#include "lowering/gpu/CacheWindow.h"
#include "lowering/gpu/ChannelWriter.h"
#include "lowering/gpu/Emitters.h"
#include "lowering/gpu/KernelConfig.h"
#include "lowering/gpu/KernelFunction.h"
#include "lowering/gpu/WarpHead.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;
using Kind = kernel::Argument::Kind;

namespace {

class RopeAppendEmitter {
public:
  RopeAppendEmitter(kernel::RopeAppendOp op, KernelFunction &function, int64_t warps)
      : op(op), function(function), b(function.getBuilder()),
        shape(op, op.getCacheAttr(), op.getHeads()), warps(warps) {}
  void emit();

private:
  void emitHead(Scalar head);
  Value source(Scalar head);
  /// Norms with the weights at `norm`, if there are any; `at` is the token's position.
  void normalizeAndRotate(WarpHead &elements, Value norm, Scalar at);
  /// Whether keys are rotated as they are appended.
  bool keysRotate() { return op.getRope() && !op.getKeysUnrotated(); }
  void store(WarpHead &elements, Scalar head);
  void emitGroups();
  void emitGroup(const CachePool &pool, Scalar kvHead);
  /// The page that has the row's token.
  Scalar page();
  /// Whether there is a row `other`, of the same sequence.
  Scalar isSameSequence(Scalar other);
  CacheWindow windowOf(const CachePool &pool, Scalar kvHead) {
    return {function, pool, b.loadI32(function.pointer(Kind::TokenSeq), row), kvHead};
  }
  int64_t width() { return WarpHead::chooseWidth(shape.headDim, op.getOffsets()); }
  /// The first head of values, and the end of all: those by channel are not among the warps' heads.
  int64_t firstValue() { return heads() + warpHeads(shape.keys); }
  int64_t endHead() { return firstValue() + warpHeads(shape.values); }
  int64_t warpHeads(const CachePool &pool) { return pool.format.channels ? 0 : shape.kvHeads; }
  int64_t heads() { return int64_t(op.getHeads()); }

  kernel::RopeAppendOp op;
  KernelFunction &function;
  PtxBuilder &b;
  AttentionShape shape;
  int64_t warps;
  Scalar row, lane, position, isQ, isKey;
};

} // namespace

/// The head's first element in its row of q, k or v.
Value RopeAppendEmitter::source(Scalar head) {
  Matrix q = function.activation(op.getQ()), k = function.activation(op.getK()),
         v = function.activation(op.getV());
  auto at = [&](const Matrix &matrix, int64_t offset, int64_t firstHead) {
    return b.elementPtr(matrix.row(b, row), matrix.element,
                        (head - firstHead) * shape.headDim + offset);
  };
  Scalar query = b.wrap(at(q, op.getOffsets()[0], 0)),
         key = b.wrap(at(k, op.getOffsets()[1], heads())),
         value = b.wrap(at(v, op.getOffsets()[2], firstValue()));
  return select(isQ, query, select(isKey, key, value));
}

Scalar RopeAppendEmitter::page() {
  Scalar sequence = b.loadI32(function.pointer(Kind::TokenSeq), row);
  Scalar index = sequence * function.number(Kind::MaxPages) + position / kPageTokens;
  return b.loadI32(function.pointer(Kind::PageTable), index);
}

Scalar RopeAppendEmitter::isSameSequence(Scalar other) {
  Value sequences = function.pointer(Kind::TokenSeq);
  Scalar inside = min(other, function.number(Kind::Rows) - 1);
  return (other == inside) & (b.loadI32(sequences, inside) == b.loadI32(sequences, row));
}

/// Queries go to the result's row, keys and values to their token's row of a cache block.
void RopeAppendEmitter::store(WarpHead &elements, Scalar head) {
  Matrix result = function.activation(op.getResult());
  b.ifThen(isQ, [&] {
    Value query = b.elementPtr(result.row(b, row), result.element, head * shape.headDim);
    elements.store(query, result.element, shape.headDim);
  });
  Scalar page = this->page();
  Value scratch = b.bytePtr(b.sharedMemory(), b.threadId() / kWarpSize * shape.codedHeadBytes());
  auto append = [&](const CachePool &pool, Kind kind, int64_t firstHead) {
    Scalar kvHead = head - firstHead;
    if (pool.format.residual)
      windowOf(pool, kvHead).append(elements, position);
    Value block = CacheReader(b, pool, function.pointer(kind)).block(page, kvHead);
    appendHead(b, elements, pool, block, position % kPageTokens, scratch, lane);
  };
  if (!shape.keys.format.channels)
    b.ifThen(isKey, [&] { append(shape.keys, Kind::KeyCache, heads()); });
  if (!shape.values.format.channels)
    b.ifThen(head >= firstValue(), [&] { append(shape.values, Kind::ValueCache, firstValue()); });
}

void RopeAppendEmitter::emitHead(Scalar head) {
  isQ = head < heads();
  Scalar isQOrK = head < firstValue();
  isKey = (head >= heads()) & isQOrK;
  Matrix q = function.activation(op.getQ());
  WarpHead elements(b, shape.headDim, width(), lane);
  elements.load(source(head), q.element, q.access);
  if (op.getQNorm() || keysRotate())
    elements.applyIf(isQOrK, [&] {
      Value norm;
      if (op.getQNorm())
        norm = select(isQ, b.wrap(function.vector(op.getQNorm()).base),
                      b.wrap(function.vector(op.getKNorm()).base));
      normalizeAndRotate(elements, norm, position);
    });
  // Keys that attention rotates it turns back first, so that queries need not turn with them.
  if (op.getKeysUnrotated())
    elements.applyIf(isQ, [&] { elements.rotate(function.pointer(Kind::RopeTable), position); });
  if (shape.keys.format.hadamard)
    elements.applyIf(op.getKeysUnrotated() ? isKey : isQOrK,
                     [&] { elements.transform(*shape.keys.format.hadamard); });
  if (shape.values.format.hadamard)
    elements.applyIf(head >= firstValue(),
                     [&] { elements.transform(*shape.values.format.hadamard); });
  store(elements, head);
}

void RopeAppendEmitter::normalizeAndRotate(WarpHead &elements, Value norm, Scalar at) {
  if (norm)
    elements.normalize(norm, op.getEps()->convertToDouble());
  if (keysRotate())
    elements.rotate(function.pointer(Kind::RopeTable), at);
}

/// Puts the new keys, or values, of a group of tokens, from the block's row on, into the window.
/// What completes the group codes it, with those that earlier steps have left there.
void RopeAppendEmitter::emitGroup(const CachePool &pool, Scalar kvHead) {
  Matrix matrix = function.activation(pool.isKey ? op.getK() : op.getV());
  int64_t offset = op.getOffsets()[pool.isKey ? 1 : 2];
  CacheWindow window = windowOf(pool, kvHead);
  Scalar wanted = b.i32(pool.format.group) - position % pool.format.group;
  b.forLoop(b.threadId() / kWarpSize, wanted, b.i32(warps), [&](Scalar i) {
    b.ifThen(isSameSequence(row + i), [&] {
      WarpHead elements(b, shape.headDim, width(), lane);
      Value source =
          b.elementPtr(matrix.row(b, row + i), matrix.element, kvHead * shape.headDim + offset);
      elements.load(source, matrix.element, matrix.access);
      if (pool.isKey) {
        Value norm = op.getKNorm() ? function.vector(op.getKNorm()).base : Value();
        normalizeAndRotate(elements, norm, position + i);
      }
      window.append(elements, position + i);
    });
  });
  b.barrier();
  b.ifThen(isSameSequence(row + wanted - 1), [&] {
    Kind kind = pool.isKey ? Kind::KeyCache : Kind::ValueCache;
    Value block = CacheReader(b, pool, function.pointer(kind)).block(page(), kvHead);
    ChannelWriter(b, pool, b.threadId(), warps)
        .encode(window.block(position), block, position % kPageTokens / pool.format.group);
  });
}

/// Blocks after those of the warps' heads: one for each KV head of the keys by channel, then of the
/// values.
void RopeAppendEmitter::emitGroups() {
  int64_t firstBlock = llvm::divideCeil(endHead(), warps);
  for (const CachePool *pool : {&shape.keys, &shape.values}) {
    if (!pool->format.channels)
      continue;
    Scalar kvHead = b.blockId(1) - firstBlock;
    b.ifThen((b.blockId(1) >= firstBlock) & (kvHead < shape.kvHeads), [&] {
      Value sequences = function.pointer(Kind::TokenSeq);
      Scalar before = b.loadI32(sequences, max(row, b.i32(1)) - 1);
      Scalar isFirst =
          (position % pool->format.group == 0) | (row == 0) | (before < b.loadI32(sequences, row));
      b.ifThen(isFirst, [&] { emitGroup(*pool, kvHead); });
    });
    firstBlock += shape.kvHeads;
  }
}

void RopeAppendEmitter::emit() {
  Scalar thread = b.threadId();
  row = b.blockId(0);
  lane = thread % kWarpSize;
  position = b.loadI32(function.pointer(Kind::TokenPos), row);
  Scalar head = b.blockId(1) * warps + thread / kWarpSize;
  bool hasGroups = shape.keys.format.channels || shape.values.format.channels;
  if (endHead() % warps == 0 && !hasGroups)
    return emitHead(head);
  b.ifThen(head < endHead(), [&] { emitHead(head); });
  emitGroups();
}

LogicalResult ptx::emitRopeAppend(kernel::RopeAppendOp op, gpu::GPUModuleOp module) {
  FailureOr<HeadConfig> config = HeadConfig::read(op);
  if (failed(config) || failed(checkHeadTypes(op)))
    return failure();
  // The query goes into tensor cores.
  if (!op.getResult().getType().getElementType().isBF16())
    return op.emitOpError("stores its result as bf16 on ptx, not as ") << op.getResult().getType();
  KernelFunction function(op, module);
  RopeAppendEmitter(op, function, config->warps).emit();
  return success();
}
