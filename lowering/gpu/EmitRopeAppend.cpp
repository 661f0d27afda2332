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
#include "lowering/gpu/CacheReader.h"
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
  void store(WarpHead &elements, Scalar head);

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
  int64_t heads = op.getHeads();
  Scalar query = b.wrap(at(q, op.getOffsets()[0], 0)),
         key = b.wrap(at(k, op.getOffsets()[1], heads)),
         value = b.wrap(at(v, op.getOffsets()[2], heads + shape.kvHeads));
  return select(isQ, query, select(isKey, key, value));
}

/// Queries go to the result's row, keys and values to their token's row of a cache block.
void RopeAppendEmitter::store(WarpHead &elements, Scalar head) {
  Matrix result = function.activation(op.getResult());
  int64_t heads = op.getHeads();
  b.ifThen(isQ, [&] {
    Value query = b.elementPtr(result.row(b, row), result.element, head * shape.headDim);
    elements.store(query, result.element, shape.headDim);
  });
  Scalar sequence = b.loadI32(function.pointer(Kind::TokenSeq), row);
  Scalar pageIndex = sequence * function.number(Kind::MaxPages) + position / kPageTokens;
  Scalar page = b.loadI32(function.pointer(Kind::PageTable), pageIndex);
  Value scratch = b.bytePtr(b.sharedMemory(), b.threadId() / kWarpSize * shape.codedHeadBytes());
  auto append = [&](const CachePool &pool, Kind kind, int64_t firstHead) {
    Value block = CacheReader(b, pool, function.pointer(kind)).block(page, head - firstHead);
    appendHead(b, elements, pool, block, position % kPageTokens, scratch, lane);
  };
  b.ifThen(isKey, [&] { append(shape.keys, Kind::KeyCache, heads); });
  b.ifThen(head >= heads + shape.kvHeads,
           [&] { append(shape.values, Kind::ValueCache, heads + shape.kvHeads); });
}

void RopeAppendEmitter::emitHead(Scalar head) {
  isQ = head < op.getHeads();
  Scalar isQOrK = head < op.getHeads() + shape.kvHeads;
  isKey = (head >= op.getHeads()) & isQOrK;
  Matrix q = function.activation(op.getQ());
  WarpHead elements(b, shape.headDim, WarpHead::chooseWidth(shape.headDim, op.getOffsets()), lane);
  elements.load(source(head), q.element, q.access);
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
  if (shape.keys.format.hadamard)
    elements.applyIf(isQOrK, [&] { elements.transform(*shape.keys.format.hadamard); });
  if (shape.values.format.hadamard)
    elements.applyIf(head >= op.getHeads() + shape.kvHeads,
                     [&] { elements.transform(*shape.values.format.hadamard); });
  store(elements, head);
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
