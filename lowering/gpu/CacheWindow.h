//===- CacheWindow.h - the newest keys or values ----------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_GPU_CACHEWINDOW_H
#define QOPT_LOWERING_GPU_CACHEWINDOW_H

#include "lowering/gpu/CacheReader.h"
#include "lowering/gpu/KernelFunction.h"
#include "lowering/gpu/WarpHead.h"

namespace qopt::ptx {

/// The newest tokens of a sequence as f16, beside a pool whose format has a `residual`
/// (CachePool::window). A token is there and, once it is coded, in the pool too; which of the two
/// is read depends on the reader's position alone.
class CacheWindow {
public:
  /// Beside `pool`, of the step's sequence `sequence` and a KV head.
  CacheWindow(KernelFunction &function, const CachePool &pool, Scalar sequence, Scalar kvHead);

  /// The block of the page that has the token at `position`.
  mlir::Value block(Scalar position) const;
  void append(WarpHead &head, Scalar position) const;

  const CacheReader &getReader() const { return reader; }
  const CachePool &getPool() const { return window; }

  /// The elements of a token that a unit of the pool has, unit `index` of its row.
  using Units = llvm::SmallVector<CacheReader::Unit>;
  Units load(mlir::Value block, Scalar token, Scalar index, Scalar last) const;
  llvm::SmallVector<Scalar> elements(const Units &units) const;
  /// The same as words of two bf16.
  llvm::SmallVector<Scalar> words(const Units &units) const;
  /// Of two tokens, as CacheReader has them.
  llvm::SmallVector<Scalar> pairs(const Units &first, const Units &second) const;

  /// Tokens, from a sequence's first, that a reader at `position` finds in the pool: keys by
  /// channel wait until `residual` of them are there, others leave the window one by one.
  static Scalar codedTokens(PtxBuilder &b, const CacheFormat &format, Scalar position);

private:
  KernelFunction &function;
  PtxBuilder &b;
  CachePool window;
  int64_t unitElements; ///< of the pool
  Scalar sequence, kvHead;
  CacheReader reader;
};

} // namespace qopt::ptx

#endif // QOPT_LOWERING_GPU_CACHEWINDOW_H
