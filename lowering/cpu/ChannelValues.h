//===- ChannelValues.h - weighted sums of values coded by channel *- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_CHANNELVALUES_H
#define QOPT_LOWERING_CPU_CHANNELVALUES_H

#include "lowering/cpu/AttentionGeometry.h"
#include "lowering/cpu/QuadSums.h"

namespace qopt::cpu {

/// Weighted sums of a page whose values have scales and zeros by channel, for groups of tokens: the
/// weights of the softmax, rounded to 16 bits of the page's largest, times codes, exact until they
/// become f32 once a group; a zero is added as often as the group's weights say.
class ChannelValues {
public:
  ChannelValues(const AttentionGeometry &geometry, CodeBuilder &b, CpuLevel level)
      : geometry(geometry), pool(geometry.cache.values), b(b), dot(b, level),
        quadSums(geometry, b, dot) {}

  /// Scratch memory of a query for these values, in dwords: two parts of the weights, what 1 of
  /// them stands for, and the sum of each group's.
  static constexpr int64_t kQueryWords = 2 * kPageTokens / 4 + kLanes + kLanes;

  /// Rounds the weights of a query for a page.
  void round(mlir::Value query);
  /// Queries of a tile at most.
  int64_t tileQueries() const { return dot.tileQueries(); }
  /// `output[q] = correction[q] output[q] + sum over tokens of weight[q][token] values[token]` for
  /// the `tokens` of whole groups; `prefetch` is called once for each of those.
  void accumulate(const AttentionTile &tile, mlir::Value values, mlir::Value tokens,
                  llvm::function_ref<void(mlir::Value step)> prefetch);

private:
  /// `vectors` of channels from the `first` on, for a group.
  void accumulateGroup(const AttentionTile &tile, mlir::Value values, mlir::Value group,
                       int64_t first, int64_t vectors);
  mlir::Value at(mlir::Value query, int64_t word);
  mlir::Value output(mlir::Value query, int64_t vector);

  const AttentionGeometry &geometry;
  const CachePool &pool;
  CodeBuilder &b;
  WideDot dot;
  QuadSums quadSums;
};

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_CHANNELVALUES_H
