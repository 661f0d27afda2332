//===- EmitRopeAppend.cpp - q/k norm, rotation, KV append -----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A warp takes one head of q, k or v of one row.
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/AttentionParts.h"
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
  Scalar pick(Scalar ofQ, Scalar ofK, Scalar ofV) {
    return select(isQ, ofQ, select(isQOrK, ofK, ofV));
  }
  Value source(Scalar head);
  Value target(Scalar head);

  kernel::RopeAppendOp op;
  KernelFunction &function;
  PtxBuilder &b;
  AttentionShape shape;
  int64_t warps;
  Scalar row, lane, position, isQ, isQOrK;
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
  int64_t heads = op.getHeads();
  return pick(b.wrap(at(q, op.getOffsets()[0], 0)), b.wrap(at(k, op.getOffsets()[1], heads)),
              b.wrap(at(v, op.getOffsets()[2], heads + shape.kvHeads)));
}

/// Where the head goes: the result's row, or its token's row of a cache block.
Value RopeAppendEmitter::target(Scalar head) {
  Matrix result = function.activation(op.getResult());
  Scalar sequence = b.loadI32(function.pointer(Kind::TokenSeq), row);
  Scalar pageIndex = sequence * function.number(Kind::MaxPages) + position / kPageTokens;
  Scalar page = b.loadI32(function.pointer(Kind::PageTable), pageIndex);
  int64_t heads = op.getHeads();
  Scalar kvHead = select(isQOrK, head - heads, head - (heads + shape.kvHeads));
  auto inPool = [&](Kind pool) {
    return b.wrap(cacheRow(b, function.pointer(pool), shape, page, kvHead, position % kPageTokens));
  };
  Value query = b.elementPtr(result.row(b, row), result.element, head * shape.headDim);
  return pick(b.wrap(query), inPool(Kind::KeyCache), inPool(Kind::ValueCache));
}

void RopeAppendEmitter::emitHead(Scalar head) {
  isQ = head < op.getHeads();
  isQOrK = head < op.getHeads() + shape.kvHeads;
  Value from = source(head), to = target(head);
  Matrix q = function.activation(op.getQ());
  WarpHead elements(b, shape.headDim, WarpHead::chooseWidth(shape.headDim, op.getOffsets()), lane);
  elements.load(from, q.element, q.access);
  if (op.getQNorm() || op.getRope())
    elements.applyIf(isQOrK, [&] {
      if (op.getQNorm()) {
        Value qNorm = function.vector(op.getQNorm()).base,
              kNorm = function.vector(op.getKNorm()).base;
        elements.normalize(select(isQ, b.wrap(qNorm), b.wrap(kNorm)),
                           op.getEps()->convertToDouble());
      }
      if (op.getRope())
        elements.rotate(function.pointer(Kind::RopeTable), position);
    });
  elements.store(to, shape.headDim);
  // Attention reads whole groups of 8 elements of the cache.
  int64_t padding = shape.headStride - shape.headDim;
  if (padding > 0)
    b.ifThen((head >= op.getHeads()) & (lane < padding),
             [&] { b.storeFloats(to, b.getBF16Type(), lane + shape.headDim, {b.f32(0)}); });
}

void RopeAppendEmitter::emit() {
  Scalar thread = b.threadId();
  row = b.blockId(0);
  lane = thread % kWarpSize;
  position = b.loadI32(function.pointer(Kind::TokenPos), row);
  Scalar head = b.blockId(1) * warps + thread / kWarpSize;
  int64_t heads = op.getHeads() + 2 * shape.kvHeads;
  if (heads % warps == 0)
    emitHead(head);
  else
    b.ifThen(head < heads, [&] { emitHead(head); });
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
