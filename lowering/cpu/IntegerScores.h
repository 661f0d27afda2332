//===- IntegerScores.h - scores of integer keys -----------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_INTEGERSCORES_H
#define QOPT_LOWERING_CPU_INTEGERSCORES_H

#include "lowering/cpu/AttentionGeometry.h"
#include "lowering/cpu/CacheDecoder.h"
#include "lowering/cpu/WideDot.h"

namespace qopt::cpu {

/// Scores of a page whose keys are integers: sums of codes times a query of 16 bits, exact, which
/// become f32 once a group. 16 bits are so many more than those of a code that rounding the query
/// costs nothing.
class IntegerScores {
public:
  IntegerScores(const AttentionGeometry &geometry, CodeBuilder &b, EmittedModule &target);

  /// Scratch memory of a query for these keys, in dwords: two parts, then numbers for each group.
  static int64_t queryWords(const CachePool &keys);

  /// Rounds a query, which is in its place, group by group.
  void round(mlir::Value query);
  /// Queries of a tile at most.
  int64_t tileQueries() const { return dot.tileQueries(); }
  /// Stores the scores of a tile for all tokens of a page; `prefetch` is called once for each of
  /// the pool's rows of codes.
  void score(const AttentionTile &tile, mlir::Value keys,
             llvm::function_ref<void(mlir::Value step)> prefetch);

private:
  static int64_t partBytes(const CachePool &keys) { return llvm::alignTo(keys.headDim, kLanes); }
  mlir::Value parts(mlir::Value query);
  mlir::Value groupWord(mlir::Value query, mlir::Value group, int64_t word);

  const AttentionGeometry &geometry;
  const CachePool &pool;
  const LinearCode linear;
  CodeBuilder &b;
  CacheDecoder decoder;
  WideDot dot;
};

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_INTEGERSCORES_H
