//===- CacheGeometry.h - where keys and values lie --------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_CACHEGEOMETRY_H
#define QOPT_LOWERING_CPU_CACHEGEOMETRY_H

#include "dialects/kernel/Kernel.h"
#include "lowering/cpu/CodeBuilder.h"
#include "llvm/Support/MathExtras.h"

namespace qopt::cpu {

/// Tokens of a page.
inline constexpr int64_t kPageTokens = 128;

/// The CPU layout of one layer's cache: a pool is `[pages][kv_heads]` of blocks, K as
/// `[head_dim][128]` with tokens in vector lanes, V as `[128][padded_dim]`, both f32.
struct CacheGeometry {
  int64_t kvHeads, headDim;

  /// Of the cache that `symbol` names; formats other than `native` are an error on `op`.
  static mlir::FailureOr<CacheGeometry> get(mlir::Operation *op, mlir::FlatSymbolRefAttr symbol);

  int64_t paddedDim() const { return llvm::alignTo(headDim, kLanes); }
  int64_t keyBlockElements() const { return headDim * kPageTokens; }
  int64_t valueBlockElements() const { return kPageTokens * paddedDim(); }

  /// The blocks of a page (an index into the pool) for a KV head.
  mlir::Value keyBlock(CodeBuilder &b, mlir::Value pool, mlir::Value page, mlir::Value head) const;
  mlir::Value valueBlock(CodeBuilder &b, mlir::Value pool, mlir::Value page,
                         mlir::Value head) const;
};

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_CACHEGEOMETRY_H
