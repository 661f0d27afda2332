//===- AttentionPage.h - one page of the online softmax ------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===------------------------------------------------------------------*- C++ -*-===//

#ifndef QOPT_LOWERING_CPU_ATTENTIONPAGE_H
#define QOPT_LOWERING_CPU_ATTENTIONPAGE_H

#include "lowering/cpu/AttentionGeometry.h"
#include "lowering/cpu/CacheDecoder.h"
#include "lowering/cpu/IntegerScores.h"
#include "lowering/cpu/IntegerValues.h"
#include "lowering/cpu/KernelBody.h"

namespace qopt::cpu {

/// Emits what a run of queries does with one page of 128 tokens: scores, online softmax (Milakov &
/// Gimelshein 2018), and the values' weighted sum. Queries live in the item's scratch memory. Codes
/// that are integers are multiplied as such, others as the numbers that they stand for.
class AttentionPage {
public:
  AttentionPage(const AttentionGeometry &geometry, KernelBody &body);

  /// A page, as a run sees it.
  struct Blocks {
    mlir::Value keys, values; ///< pointers to the page's blocks
    mlir::Value nextKeys;     ///< the block to be read after these
    mlir::Value tokens;       ///< tokens of the page that the last row sees, 1 to 128
    mlir::Value firstRow;     ///< first row of the run that sees any
    mlir::Value rows;         ///< rows of the run
    mlir::Value firstVisible; ///< row r of the run sees `firstVisible + r` tokens of the page
  };

  /// The scratch memory of a query of the item.
  mlir::Value query(mlir::Value index);
  /// Starts the softmax of a query, which is in its place.
  void start(mlir::Value query);
  void emit(const Blocks &blocks);

private:
  /// What the steps of a tile request from memory: so many cache lines each, one behind the other,
  /// from an offset into a block on and not beyond its last line.
  struct Ahead {
    mlir::Value block, offset;
    int64_t lines, lastOffset;
  };
  Ahead requestAhead(mlir::Value next, int64_t bytes, mlir::Value current, mlir::Value tile,
                     int64_t tileQueries, int64_t steps);
  void prefetch(const Ahead &ahead, mlir::Value step);

  using Tile = AttentionTile;
  /// Visits the queries that see any of the page, at most `largest` at a time; `tile` is the number
  /// of the first.
  void forEachTile(const Blocks &blocks, int64_t largest,
                   llvm::function_ref<void(const Tile &tile, mlir::Value number)> body);
  void forEachQuery(const Blocks &blocks,
                    llvm::function_ref<void(mlir::Value row, mlir::Value query)> body);
  void scoreTile(const Tile &tile, mlir::Value keys, const Ahead &ahead);
  CodeBuilder::Values scoreGroup(const Tile &tile, mlir::Value keys, mlir::Value group,
                                 int64_t token, const Ahead &ahead);
  void softmax(mlir::Value query, mlir::Value visible);
  void scaleWeights(mlir::Value query, mlir::Value values, mlir::Value group);
  void accumulate(const Blocks &blocks, int64_t firstVector, int64_t vectors, bool isFirst);
  void accumulateTile(const Tile &tile, int64_t firstVector, int64_t vectors, const Blocks &blocks,
                      const Ahead &ahead);

  mlir::Value at(mlir::Value query, int64_t offset) { return b.element(f32, query, offset); }

  const AttentionGeometry &geometry;
  const CpuLevelTraits &traits;
  mlir::Value scratch;
  CodeBuilder &b;
  mlir::Type f32;
  CacheDecoder keyDecoder, valueDecoder;
  std::optional<IntegerScores> integerScores;
  std::optional<IntegerValues> integerValues;
};

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_ATTENTIONPAGE_H
