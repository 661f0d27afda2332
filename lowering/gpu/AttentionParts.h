//===- AttentionParts.h - what both attention kernels do --------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_GPU_ATTENTIONPARTS_H
#define QOPT_LOWERING_GPU_ATTENTIONPARTS_H

#include "lowering/gpu/KernelConfig.h"
#include "lowering/gpu/KernelFunction.h"
#include "lowering/gpu/WarpHead.h"

namespace qopt::ptx {

/// The running softmax of one row of scores, of which the four lanes of a quad hold parts: its
/// maximum so far, the same in all four, and this lane's part of the sum of weights.
struct SoftmaxRow {
  Scalar maximum, sum;

  static SoftmaxRow begin(PtxBuilder &b);
  /// The same of a row that may see nothing of its first tiles.
  static SoftmaxRow beginUnseen(PtxBuilder &b);
  /// Takes this lane's scores, two for each 16x8 tile, and returns their weights rounded to bf16, a
  /// word for each tile. Sums the rounded weights, so that the weights of a row sum to one. `scale`
  /// multiplies scores and includes log2(e). `sas` approximates weights, if it is there.
  /// `correction` is what earlier results must be multiplied with.
  llvm::SmallVector<Scalar> update(PtxBuilder &b, llvm::ArrayRef<std::pair<Scalar, Scalar>> scores,
                                   double scale, llm::SasAttr sas, Scalar &correction);
};

/// Elements `[dim, dim + 8)` of the query head that starts at `head`, as words of two bf16; zero
/// beyond the head, or where not `valid`.
llvm::SmallVector<Scalar> loadQueryChunk(PtxBuilder &b, mlir::Value head, Scalar dim,
                                         int64_t headDim, Access access, Scalar valid);
/// The same of the elements in places `[place, place + 8)` of a head in pairs (CachePool.h).
llvm::SmallVector<Scalar> loadQueryPairs(PtxBuilder &b, mlir::Value head, Scalar place,
                                         int64_t headDim, Access access, Scalar valid);

/// Whether q, k and v have one element type: what rope_append and append_attention read here.
template <typename Op> mlir::LogicalResult checkHeadTypes(Op op) {
  auto elementOf = [](mlir::Value value) {
    return mlir::cast<mlir::RankedTensorType>(value.getType()).getElementType();
  };
  if (elementOf(op.getQ()) == elementOf(op.getK()) && elementOf(op.getQ()) == elementOf(op.getV()))
    return mlir::success();
  return op.emitOpError("needs q, k and v of one element type");
}

/// Stores a head as a row of `pool`, as `element`: in its places, and zeros up to the row's end.
void storeRow(WarpHead &head, const CachePool &pool, mlir::Value row, mlir::Type element);

/// Stores a key or value, which a warp holds, as that of token `token` in `block`, the block of its
/// page and KV head. Pools of codes take it from `scratch`, codedHeadBytes() of shared memory.
void appendHead(PtxBuilder &b, WarpHead &head, const CachePool &pool, mlir::Value block,
                Scalar token, mlir::Value scratch, Scalar lane);

} // namespace qopt::ptx

#endif // QOPT_LOWERING_GPU_ATTENTIONPARTS_H
