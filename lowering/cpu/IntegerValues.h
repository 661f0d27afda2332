//===- IntegerValues.h - weighted sums of integer values --------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_INTEGERVALUES_H
#define QOPT_LOWERING_CPU_INTEGERVALUES_H

#include "lowering/cpu/AttentionGeometry.h"
#include "lowering/cpu/CacheDecoder.h"
#include "lowering/cpu/QuadSums.h"

namespace qopt::cpu {

/// Weighted sums of a page whose values are integers: weights of the softmax times the scales of a
/// group, rounded to 16 bits of the page's largest, times codes; exact until they become f32 once a
/// page.
class IntegerValues {
public:
  IntegerValues(const AttentionGeometry &geometry, CodeBuilder &b, EmittedModule &target);

  /// Scratch memory of a query for a group of these values, in dwords.
  static constexpr int64_t kQueryWords = 2 * kPageTokens / 4 + 3 * kLanes;

  /// Multiplies the weights of a query with the scales of a group and rounds them.
  void round(mlir::Value query, mlir::Value values, mlir::Value group);
  /// Queries of a tile at most.
  int64_t tileQueries() const { return dot.tileQueries(); }
  /// `output[q] = correction[q] output[q] + sum over tokens of weight[q][token] values[token]` for
  /// the vectors of a group; `prefetch` is called once for every four of `tokens` tokens.
  void accumulate(const AttentionTile &tile, mlir::Value values, mlir::Value tokens,
                  int64_t firstVector, int64_t vectors,
                  llvm::function_ref<void(mlir::Value step)> prefetch);

private:
  void accumulateChunk(const AttentionTile &tile, mlir::Value values, mlir::Value tokens,
                       int64_t firstVector, int64_t vectors,
                       llvm::function_ref<void(mlir::Value step)> prefetch);
  mlir::Value at(mlir::Value query, int64_t word);

  const AttentionGeometry &geometry;
  const CachePool &pool;
  const LinearCode linear;
  CodeBuilder &b;
  CacheDecoder decoder;
  WideDot dot;
  QuadSums quadSums;
};

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_INTEGERVALUES_H
