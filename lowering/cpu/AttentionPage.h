//===- AttentionPage.h - one page of the online softmax ------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===------------------------------------------------------------------*- C++ -*-===//

#ifndef QOPT_LOWERING_CPU_ATTENTIONPAGE_H
#define QOPT_LOWERING_CPU_ATTENTIONPAGE_H

#include "lowering/cpu/AttentionGeometry.h"
#include "lowering/cpu/ChannelScores.h"
#include "lowering/cpu/ChannelValues.h"
#include "lowering/cpu/FloatScores.h"
#include "lowering/cpu/FloatValues.h"
#include "lowering/cpu/IntegerScores.h"
#include "lowering/cpu/IntegerValues.h"
#include "lowering/cpu/KernelBody.h"
#include "lowering/cpu/KeyTile.h"

namespace qopt::cpu {

/// Emits what a run of queries does with one page of 128 tokens: scores, online softmax (Milakov &
/// Gimelshein 2018), and the values' weighted sum. Queries live in the item's scratch memory. Codes
/// that are integers are multiplied as such, others as the numbers that they stand for. Of tokens
/// that a row finds in a window, scores and values are those of the window.
class AttentionPage {
public:
  AttentionPage(const AttentionGeometry &geometry, KernelBody &body);

  /// A page, as a run sees it.
  struct Blocks {
    mlir::Value keys, values;           ///< pointers to the page's blocks
    mlir::Value keyWindow, valueWindow; ///< and to those of windows, where there are any
    mlir::Value nextKeys;               ///< the block to be read after these
    mlir::Value tokens;                 ///< tokens of the page that the last row sees, 1 to 128
    mlir::Value firstRow;               ///< first row of the run that sees any
    mlir::Value rows;                   ///< rows of the run
    mlir::Value firstPosition;          ///< position of the run's row 0
    mlir::Value firstToken;             ///< position of the page's first token
    mlir::Value angles;                 ///< its angles, and
    mlir::Value keyBias;                ///< the KV head's bias, where keys are rotated when read
  };

  /// The scratch memory of a query of the item.
  mlir::Value query(mlir::Value index);
  /// Starts the softmax of a query, which is in its place.
  void start(mlir::Value query);
  void emit(const Blocks &blocks);

private:
  using Tile = AttentionTile;
  using Prefetch = llvm::function_ref<void(mlir::Value step)>;

  /// What the steps of a tile request from memory: so many cache lines each, one behind the other,
  /// from an offset into a block on and not beyond its last line.
  struct Ahead {
    mlir::Value block, offset;
    int64_t lines, lastOffset;
  };
  Ahead requestAhead(mlir::Value next, int64_t bytes, mlir::Value current, mlir::Value tile,
                     int64_t tileQueries, int64_t steps);
  void prefetch(const Ahead &ahead, mlir::Value step);

  /// Visits the queries that see any of the page, at most `largest` at a time; `number` is that of
  /// the first.
  void forEachTile(const Blocks &blocks, int64_t largest,
                   llvm::function_ref<void(const Tile &tile, mlir::Value number)> body);
  void forEachQuery(const Blocks &blocks,
                    llvm::function_ref<void(mlir::Value row, mlir::Value query)> body);
  /// Tokens of the page that a row finds as codes: all where there is no window.
  mlir::Value codedTokens(const CacheFormat &format, const Blocks &blocks, mlir::Value row);
  /// Emits `codes` and `window` where any row needs them.
  void whereNeeded(const CacheFormat &format, const Blocks &blocks,
                   llvm::function_ref<void()> codes, llvm::function_ref<void()> window);

  void scoreCodes(const Blocks &blocks);
  void scoreTile(const Tile &tile, mlir::Value keys, Prefetch prefetch);
  void scoreWindow(const Blocks &blocks);
  /// Turns the queries back by the angles of the page's first token.
  void turnQueries(const Blocks &blocks);
  /// Scores keys that are rotated when they are read, tile after tile.
  void scoreTurned(const Blocks &blocks, KeyTile &keyTile, FloatScores &scores, mlir::Value keys,
                   Prefetch prefetch);
  /// The weight of scores relative to the greatest.
  mlir::Value weigh(mlir::Value scores, mlir::Value greatest);
  void softmax(mlir::Value query, mlir::Value visible, mlir::Value coded);
  void splitWeights(mlir::Value query, mlir::Value coded);
  void accumulateCodes(const Blocks &blocks);
  void accumulateChannels(const Blocks &blocks);
  void accumulateGroup(const Blocks &blocks, int64_t firstVector, int64_t vectors, bool isFirst);
  void finishCorrection(const Blocks &blocks);
  void accumulateWindow(const Blocks &blocks);

  /// The numbers of a page's tokens from `first` on, and whether they are below `limit`.
  mlir::Value isBelow(int64_t first, mlir::Value limit);
  mlir::Value at(mlir::Value query, int64_t offset) { return b.element(f32, query, offset); }

  const AttentionGeometry &geometry;
  const CachePool keyWindow, valueWindow, turnedKeys;
  EmittedModule &target;
  mlir::Value scratch;
  CodeBuilder &b;
  mlir::Type f32;
  FloatScores floatScores, windowScores, turnedScores, turnedWindowScores;
  FloatValues floatValues, windowValues;
  std::optional<KeyTile> keyTile, windowTile;
  std::optional<ChannelScores> channelScores;
  std::optional<IntegerScores> integerScores;
  std::optional<IntegerValues> integerValues;
  std::optional<ChannelValues> channelValues;
};

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_ATTENTIONPAGE_H
