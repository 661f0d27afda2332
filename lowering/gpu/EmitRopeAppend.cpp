//===- EmitRopeAppend.cpp - q/k norm, rotation, KV append -----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A warp takes one head of q, k or v of one row. Its lanes hold the elements in the pairs that are
// rotated together, i and i + half.
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/AttentionParts.h"
#include "lowering/gpu/Emitters.h"
#include "lowering/gpu/KernelConfig.h"
#include "lowering/gpu/KernelFunction.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;
using Kind = kernel::Argument::Kind;
using llvm::SmallVector;

namespace {

class RopeAppendEmitter {
public:
  RopeAppendEmitter(kernel::RopeAppendOp op, KernelFunction &function, int64_t warps);
  void emit();

private:
  /// Consecutive elements of both halves that one lane holds.
  struct Pairs {
    Scalar first; ///< index of the first element in its half
    SmallVector<Scalar> low, high;
  };

  void emitHead(Scalar head);
  Scalar pick(Scalar ofQ, Scalar ofK, Scalar ofV) {
    return select(isQ, ofQ, select(isQOrK, ofK, ofV));
  }
  Value source(Scalar head);
  Value target(Scalar head);
  Pairs loadPairs(Value source, Scalar first);
  void normalize(llvm::MutableArrayRef<Pairs> pairs);
  void rotate(Pairs &pairs);
  /// `body` where the head is of q or k, else what `values` are.
  void ifQueryOrKey(llvm::MutableArrayRef<Pairs> pairs, llvm::function_ref<void()> body);

  kernel::RopeAppendOp op;
  KernelFunction &function;
  PtxBuilder &b;
  AttentionShape shape;
  int64_t warps, half, width;
  Scalar row, lane, position, isQ, isQOrK;
};

} // namespace

RopeAppendEmitter::RopeAppendEmitter(kernel::RopeAppendOp op, KernelFunction &function,
                                     int64_t warps)
    : op(op), function(function), b(function.getBuilder()),
      shape(op, op.getCacheAttr(), op.getHeads()), warps(warps), half((shape.headDim + 1) / 2),
      width(1) {
  bool evenOffsets = llvm::all_of(op.getOffsets(), [](int64_t o) { return o % 2 == 0; });
  if (shape.headDim % 4 == 0 && evenOffsets)
    width = 2;
}

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

RopeAppendEmitter::Pairs RopeAppendEmitter::loadPairs(Value source, Scalar first) {
  Type element = function.activation(op.getQ()).element;
  Access access = function.activation(op.getQ()).access;
  SmallVector<Value> zeros(2 * width, b.f32(0));
  SmallVector<Value> values = b.ifElse(first < half, zeros, [&] {
    SmallVector<Scalar> low = b.loadFloats(source, element, first, width, access);
    // The middle element of an odd head has no partner.
    Scalar partner = first + half;
    if (shape.headDim % 2 != 0)
      partner = min(partner, b.i32(shape.headDim - 1));
    SmallVector<Scalar> high = b.loadFloats(source, element, partner, width, access);
    SmallVector<Value> both = llvm::to_vector_of<Value>(low);
    both.append(high.begin(), high.end());
    return both;
  });
  Pairs pairs{first, {}, {}};
  for (int64_t i = 0; i < width; ++i) {
    pairs.low.push_back(b.wrap(values[i]));
    pairs.high.push_back(b.wrap(values[width + i]));
  }
  return pairs;
}

/// RMS norm of the head, which the warp's lanes hold in `pairs`.
void RopeAppendEmitter::normalize(llvm::MutableArrayRef<Pairs> pairs) {
  Scalar squares = b.f32(0);
  for (Pairs &p : pairs)
    for (int64_t i = 0; i < width; ++i) {
      Scalar high = p.high[i];
      if (shape.headDim % 2 != 0)
        high = select(p.first + (half + i) < shape.headDim, high, b.f32(0));
      squares = fma(high, high, fma(p.low[i], p.low[i], squares));
    }
  Scalar mean = b.warpSum(squares) * b.f32(1.0 / double(shape.headDim));
  Scalar scale = b.reciprocalSqrt(mean + b.f32(op.getEps()->convertToDouble()));
  Matrix qNorm = function.vector(op.getQNorm()), kNorm = function.vector(op.getKNorm());
  Value weight = select(isQ, b.wrap(qNorm.base), b.wrap(kNorm.base));
  for (Pairs &p : pairs) {
    // Lanes beyond the head read some weight for the zeros that they hold.
    Scalar first = min(p.first, b.i32(half - width));
    Scalar second = shape.headDim % 2 ? min(first + half, b.i32(shape.headDim - 1)) : first + half;
    SmallVector<Scalar> low = b.loadFloats(weight, qNorm.element, first, width, Access::ReadOnly),
                        high = b.loadFloats(weight, qNorm.element, second, width, Access::ReadOnly);
    for (int64_t i = 0; i < width; ++i) {
      p.low[i] = p.low[i] * scale * low[i];
      p.high[i] = p.high[i] * scale * high[i];
    }
  }
}

/// Rotates by the angles of the token's position: (cos, sin) pairs of f32.
void RopeAppendEmitter::rotate(Pairs &pairs) {
  Scalar first = min(pairs.first, b.i32(half - width));
  SmallVector<Scalar> angles =
      b.loadFloats(function.pointer(Kind::RopeTable), b.getF32Type(), (position * half + first) * 2,
                   2 * width, Access::ReadOnly);
  for (int64_t i = 0; i < width; ++i) {
    Scalar cos = angles[2 * i], sin = angles[2 * i + 1];
    Scalar low = pairs.low[i], high = pairs.high[i];
    pairs.low[i] = low * cos - high * sin;
    pairs.high[i] = fma(high, cos, low * sin);
  }
}

void RopeAppendEmitter::ifQueryOrKey(llvm::MutableArrayRef<Pairs> pairs,
                                     llvm::function_ref<void()> body) {
  auto flatten = [&] {
    SmallVector<Value> values;
    for (Pairs &p : pairs) {
      values.append(p.low.begin(), p.low.end());
      values.append(p.high.begin(), p.high.end());
    }
    return values;
  };
  SmallVector<Value> values = b.ifElse(isQOrK, flatten(), [&] {
    body();
    return flatten();
  });
  auto *next = values.begin();
  for (Pairs &p : pairs) {
    for (Scalar &value : p.low)
      value = b.wrap(*next++);
    for (Scalar &value : p.high)
      value = b.wrap(*next++);
  }
}

void RopeAppendEmitter::emitHead(Scalar head) {
  isQ = head < op.getHeads();
  isQOrK = head < op.getHeads() + shape.kvHeads;
  Value from = source(head), to = target(head);
  SmallVector<Pairs> pairs;
  for (int64_t begin = 0; begin < half; begin += kWarpSize * width)
    pairs.push_back(loadPairs(from, lane * width + begin));
  if (op.getQNorm() || op.getRope())
    ifQueryOrKey(pairs, [&] {
      if (op.getQNorm())
        normalize(pairs);
      if (op.getRope())
        for (Pairs &p : pairs)
          rotate(p);
    });
  for (Pairs &p : pairs)
    b.ifThen(p.first < half, [&] {
      b.storeFloats(to, b.getBF16Type(), p.first, p.low);
      Scalar second = p.first + half;
      if (shape.headDim % 2 == 0)
        b.storeFloats(to, b.getBF16Type(), second, p.high);
      else
        b.ifThen(second < shape.headDim,
                 [&] { b.storeFloats(to, b.getBF16Type(), second, p.high); });
    });
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
  if (failed(config))
    return failure();
  auto elementOf = [](Value value) {
    return cast<RankedTensorType>(value.getType()).getElementType();
  };
  if (!elementOf(op.getResult()).isBF16())
    return op.emitOpError("stores q as bf16 on ptx, not as ") << op.getResult().getType();
  if (elementOf(op.getQ()) != elementOf(op.getK()) || elementOf(op.getQ()) != elementOf(op.getV()))
    return op.emitOpError("needs q, k and v of one element type");
  KernelFunction function(op, module);
  RopeAppendEmitter(op, function, config->warps).emit();
  return success();
}
