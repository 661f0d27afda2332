//===- ChannelScores.h - scores of keys coded by channel --------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_CHANNELSCORES_H
#define QOPT_LOWERING_CPU_CHANNELSCORES_H

#include "lowering/cpu/AttentionGeometry.h"
#include "lowering/cpu/WideDot.h"

namespace qopt::cpu {

/// Scores of a page whose keys have scales and zeros by channel, for groups of tokens (KIVI): a
/// query is multiplied with the scales of each group and rounded to 16 bits, so that what is left
/// are sums of integers; zeros add the same number to all tokens of a group.
class ChannelScores {
public:
  ChannelScores(const AttentionGeometry &geometry, CodeBuilder &b, CpuLevel level)
      : geometry(geometry), pool(geometry.cache.keys), b(b), dot(b, level) {}

  /// Scratch memory of a query for these keys, in dwords: for each group of tokens two parts and
  /// numbers.
  static int64_t queryWords(const CachePool &keys);

  /// Multiplies and rounds a query, which is in its place, for a page.
  void round(mlir::Value query, mlir::Value keys);
  /// Queries of a tile at most.
  int64_t tileQueries() const { return dot.tileQueries(); }
  /// Stores the scores of a tile for all tokens of a page; `prefetch` is called once for each of
  /// the pool's rows of codes.
  void score(const AttentionTile &tile, mlir::Value keys,
             llvm::function_ref<void(mlir::Value step)> prefetch);

private:
  /// Where a query has what belongs to a group of tokens.
  mlir::Value ofGroup(mlir::Value query, mlir::Value group);
  mlir::Value groupWord(mlir::Value query, mlir::Value group, int64_t word);

  const AttentionGeometry &geometry;
  const CachePool &pool;
  CodeBuilder &b;
  WideDot dot;
};

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_CHANNELSCORES_H
