//===- FloatValues.h - weighted sums of values read as f32 ------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_FLOATVALUES_H
#define QOPT_LOWERING_CPU_FLOATVALUES_H

#include "lowering/cpu/AttentionGeometry.h"
#include "lowering/cpu/CacheDecoder.h"

namespace qopt::cpu {

/// Weighted sums of a page whose values are read as the numbers that they stand for, before scales:
/// floats, and codes of a table.
class FloatValues {
public:
  /// `weightOffset` is where a query has the page's weights of the softmax.
  FloatValues(const AttentionGeometry &geometry, const CachePool &pool, CodeBuilder &b,
              EmittedModule &target, int64_t weightOffset)
      : geometry(geometry), pool(pool), traits(target.traits()), b(b), f32(b.getF32Type()),
        decoder(b, target, pool), weightOffset(weightOffset) {}

  /// Multiplies the weights of a query with the scales of a group; of formats that have scales.
  void scaleWeights(mlir::Value query, mlir::Value values, mlir::Value group);
  /// Vectors of a row that a tile takes at a time, of `vectors`.
  int64_t chunkOf(int64_t vectors) const;
  /// Queries of a tile for a chunk, at most.
  int64_t tileQueries(int64_t chunk) const;
  /// `output[q] = correction[q] output[q] + sum over tokens of weight[q][token] values[token]` for
  /// `vectors` of a row; `prefetch` is called once for every one of `tokens` tokens.
  void accumulate(const AttentionTile &tile, mlir::Value values, mlir::Value tokens,
                  int64_t firstVector, int64_t vectors,
                  llvm::function_ref<void(mlir::Value step)> prefetch);

private:
  const AttentionGeometry &geometry;
  const CachePool &pool;
  const CpuLevelTraits &traits;
  CodeBuilder &b;
  mlir::Type f32;
  CacheDecoder decoder;
  int64_t weightOffset;
};

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_FLOATVALUES_H
