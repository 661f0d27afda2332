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
  /// `scoreOffset` is where a query's scores go.
  FloatScores(const AttentionGeometry &geometry, const CachePool &pool, CodeBuilder &b,
              EmittedModule &target, int64_t scoreOffset)
      : pool(pool), traits(target.traits()), b(b), f32(b.getF32Type()), decoder(b, target, pool),
        scoreOffset(scoreOffset), stride(geometry.queryStride()) {}

  /// Queries of a tile at most.
  int64_t tileQueries() const { return traits.accumulators / traits.attentionVectors; }
  /// Stores the scores of a tile for all tokens of a page; `prefetch` is called once for each of
  /// the pool's rows of codes.
  void score(const AttentionTile &tile, mlir::Value keys,
             llvm::function_ref<void(mlir::Value step)> prefetch);

private:
  CodeBuilder::Values sumGroup(const AttentionTile &tile, mlir::Value keys, mlir::Value group,
                               int64_t token, llvm::function_ref<void(mlir::Value step)> prefetch);

  const CachePool &pool;
  const CpuLevelTraits &traits;
  CodeBuilder &b;
  mlir::Type f32;
  CacheDecoder decoder;
  int64_t scoreOffset, stride;
};

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_FLOATSCORES_H
