//===- FloatScores.h - scores of keys read as f32 ---------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_FLOATSCORES_H
#define QOPT_LOWERING_CPU_FLOATSCORES_H

#include "lowering/cpu/AttentionGeometry.h"
#include "lowering/cpu/CacheDecoder.h"

namespace qopt::cpu {

/// Scores of a page whose keys are read as the numbers that they stand for, before scales: floats,
/// and codes of a table.
class FloatScores {
public:
  /// Where the elements and the scores of a query are.
  struct Offsets {
    int64_t query, scores;
  };
  FloatScores(const AttentionGeometry &geometry, const CachePool &pool, CodeBuilder &b,
              EmittedModule &target, Offsets offsets)
      : pool(pool), traits(target.traits()), b(b), f32(b.getF32Type()), decoder(b, target, pool),
        offsets(offsets), stride(geometry.queryStride()) {}

  /// Tokens side by side in rows of codes, whose scores begin with that of token `first`.
  struct Keys {
    mlir::Value address;
    int64_t rowBytes, tokens;
    mlir::Value first;
  };

  /// Queries of a tile at most, where so many tokens are scored.
  int64_t tileQueries(int64_t tokens = kPageTokens) const {
    return traits.accumulators / vectorsOf(tokens);
  }
  /// Stores the scores of a tile for all tokens of a page; `prefetch` is called once for each of
  /// the pool's rows of codes.
  void score(const AttentionTile &tile, mlir::Value keys,
             llvm::function_ref<void(mlir::Value step)> prefetch) {
    score(tile, Keys{keys, pool.rowBytes(), kPageTokens, b.i64(0)}, prefetch);
  }
  /// The same for tokens anywhere.
  void score(const AttentionTile &tile, const Keys &keys,
             llvm::function_ref<void(mlir::Value step)> prefetch);

private:
  /// Vectors of tokens that are scored at a time.
  int64_t vectorsOf(int64_t tokens) const {
    return std::min(traits.attentionVectors, tokens / kLanes);
  }
  CodeBuilder::Values sumGroup(const AttentionTile &tile, const Keys &keys, mlir::Value group,
                               int64_t token, llvm::function_ref<void(mlir::Value step)> prefetch);

  const CachePool &pool;
  const CpuLevelTraits &traits;
  CodeBuilder &b;
  mlir::Type f32;
  CacheDecoder decoder;
  Offsets offsets;
  int64_t stride;
};

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_FLOATSCORES_H
