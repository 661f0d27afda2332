//===- DecodeAttention.h - one new token of each sequence -------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A block takes one row, the query heads that share a KV head, as the 16 rows of an mma tile, so
// that each key and value is read once, and one part of the past. Five files: the block's heads
// are normalized and rotated, and the new key and value appended (DecodeAttentionHeads.cpp); its
// warps walk the past (EmitDecodeAttention.cpp) and load keys and values of each step
// (DecodeAttentionLoads.cpp), keys that are cached before their rotary embedding turning as they
// come (DecodeAttentionTurn.cpp); warps, then blocks meet (DecodeAttentionCombine.cpp).
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_GPU_DECODEATTENTION_H
#define QOPT_LOWERING_GPU_DECODEATTENTION_H

#include "lowering/gpu/AttentionParts.h"
#include "lowering/gpu/CacheReader.h"
#include "lowering/gpu/CacheWindow.h"
#include "lowering/gpu/KeyTurn.h"
#include <functional>

namespace qopt::ptx {

class DecodeAttentionEmitter {
public:
  DecodeAttentionEmitter(kernel::AppendAttentionOp op, KernelFunction &function,
                         DecodeAttentionConfig config)
      : op(op), function(function), b(function.getBuilder()), config(config),
        shape(op, op.getCacheAttr(), op.getHeads()) {}

  void emit();

private:
  /// Query heads of a block, and keys of a step: the rows and the depth of an mma tile.
  static constexpr int64_t kTile = DecodeAttentionConfig::kTile;

  /// What a warp carries from step to step.
  struct State {
    llvm::SmallVector<SoftmaxRow, 2> rows; ///< of the lane's rows lane / 4 and lane / 4 + 8
    llvm::SmallVector<MmaSums> result; ///< [load * elements of a unit + j]: column n is j of unit n
    Scalar unit; ///< of results, where values are progressive: the scale of the last tile
    llvm::SmallVector<mlir::Value> flatten() const;
    static State parse(PtxBuilder &b, size_t numRows, bool hasUnit, mlir::ValueRange values);
  };
  /// 16 keys in a row: the first, in its sequence and in its page (an index into the pools), and
  /// the page's last that the row sees.
  struct Step {
    Scalar firstKey, page, first, last;
  };
  /// bf16 words of what was loaded, widened where they are asked for: of a lane's key of a tile
  /// (`(tile, load)`), or of two values in a row (`(load, first of four)`).
  using WordsOf = std::function<llvm::SmallVector<Scalar>(int64_t, int64_t)>;
  /// The same of a key as f32.
  using ElementsOf = std::function<llvm::SmallVector<Scalar>(int64_t, int64_t)>;
  /// Keys or values of a step, and what they are to be multiplied with, if anything: the scale of
  /// the progressive tile that they are of.
  struct Tokens {
    WordsOf words;
    Scalar scale;
  };
  /// Parts of a result: maxima and sums in shared memory, `[part][row]`, and where four elements of
  /// each lie.
  struct Parts {
    Scalar count;
    mlir::Value results; ///< f32
    Scalar first;        ///< index of the first part's elements
    int64_t distance;    ///< elements from part to part
  };
  /// Four elements of a result, not yet divided by the sum.
  struct Merged {
    Scalar maximum, sum;
    llvm::SmallVector<Scalar> elements;
  };

  void choosePart();
  void emitPart();

  // The heads.
  void prepareHeads();
  mlir::Value headSource(Scalar index);
  void append(WarpHead &head, Scalar index);
  void encodeGroup(const CachePool &pool);
  void loadQuery();

  // The past.
  State step(const Step &step, bool isRecent, State state);
  MmaSums score(int64_t tile, const WordsOf &keys);
  /// Has results in units of `scale`, and returns what they must be multiplied with for that.
  Scalar changeUnit(State &state, Scalar scale);
  bool hasUnit() const { return shape.values.format.progressive; }
  State parse(mlir::ValueRange values) { return State::parse(b, numHalves(), hasUnit(), values); }
  State walkPast();

  // Keys and values of a step. Some of the recent ones may be those of windows.
  Tokens loadKeys(const Step &step);
  Tokens loadValues(const Step &step);
  Tokens loadRecentKeys(const Step &step);
  Tokens loadRecentValues(const Step &step);
  WordsOf loadValueWindow(const Step &step);
  /// Of `codes` where the step's tokens are coded, which is all of them or none, else of `recent`,
  /// whose words are those at `places`, `count` each.
  Tokens loadEither(const CachePool &pool, const Step &step,
                    llvm::ArrayRef<std::pair<int64_t, int64_t>> places, int64_t count,
                    llvm::function_ref<Tokens()> codes, llvm::function_ref<WordsOf()> recent);
  Scalar tileScale(const CachePool &pool, mlir::Value block, const Step &step);
  CacheReader readerOf(const CachePool &pool);
  CacheWindow windowOf(const CachePool &pool) { return {function, pool, sequence, kvHead}; }
  Scalar codedTokens(const CachePool &pool) {
    return CacheWindow::codedTokens(b, pool.format, length - 1);
  }
  /// The first of a lane's keys in both tiles of a step, and its unit of load `i`.
  Scalar laneKey(const Step &step) { return step.first + laneRow / 2 * 4 + laneRow % 2; }
  Scalar keyUnit(int64_t i) { return readerOf(shape.keys).inRow(laneColumn + i * 4, (i + 1) * 4); }

  // Keys that turn as they are read.
  bool keysTurn() const { return shape.keys.inPairs(); }
  KeyTurn keyTurn();
  void prepareTurn();
  void turnQuery(const Step &step);
  WordsOf turnedKeys(ElementsOf elements);
  /// Where a place of a row (of queries, or of the keys of a step as lanes have them) is in shared
  /// memory: f32 `[row / 8][slot][row % 8][lane of the quad][4]`, so that what a warp loads at once
  /// is in order. A slot is four places of a lane's units.
  Scalar fragmentPlace(Scalar tileRow, Scalar place);
  int64_t slots() const { return config.queryColumns(shape) / 16; }
  /// The first pair of a lane's slot.
  Scalar firstPair(Scalar slot, Scalar quadLane);

  // The end.
  void writeWarpPart(const State &state);
  Merged merge(const Parts &parts, Scalar tileRow);
  /// Calls `body(tileRow, dim)` for every four elements of the block's rows.
  void forEachQuad(llvm::function_ref<void(Scalar, Scalar)> body);
  void combineWarps();
  void combineSplits();
  void storeResult(Scalar tileRow, Scalar dim, const Merged &merged);
  void finishRotatedRows();
  void storePart(Scalar tileRow, Scalar dim, const Merged &merged);
  /// Calls `body` in the block that is the last of `activeSplits` to come here.
  void ifLastBlock(llvm::function_ref<void()> body);
  Scalar queryHead(Scalar tileRow) { return kvHead * shape.group + firstHead + tileRow; }

  /// Rows of the tile that can be heads: those of one half tile often suffice.
  int64_t numRows() const { return config.tileRows(shape); }
  int64_t numHalves() const { return numRows() > 8 ? 2 : 1; }
  int64_t keyLoads() const { return llvm::divideCeil(shape.keys.unitsPerRow(), 4); }
  int64_t valueLoads() const {
    return llvm::divideCeil(std::min(shape.headDim, DecodeAttentionConfig::kWarpDims),
                            8 * shape.values.unitElements());
  }
  /// First unit of the row that the warp's value load `i` brings, and the lane's own.
  Scalar valueUnit(int64_t i) {
    int64_t warpUnits = DecodeAttentionConfig::kWarpDims / shape.values.unitElements();
    return warp % config.headSplit(shape) * warpUnits + i * 8;
  }
  Scalar laneValueUnit(int64_t i) {
    int64_t end = config.headSplit(shape) == 1 ? (i + 1) * 8 : shape.values.unitsPerRow() + 1;
    return readerOf(shape.values).inRow(valueUnit(i) + laneRow, end);
  }
  int64_t keyWarps() const { return config.keyWarps(shape); }
  double scale();

  // Shared memory: a flag; the queries (and what keys turn by); maxima and sums of each warp or
  // split `[part][row]`; results `[warp][row][resultStride]`, their elements swizzled by fours.
  mlir::Value sharedAt(int64_t byte) { return b.bytePtr(b.sharedMemory(), b.i32(byte)); }
  mlir::Value flag() { return b.sharedMemory(); }
  mlir::Value queries() { return sharedAt(config.queryBase()); }
  mlir::Value angles() { return sharedAt(config.angleBase(shape)); }
  mlir::Value biases() { return sharedAt(config.biasBase(shape)); }
  mlir::Value maxima() { return sharedAt(config.partBase(shape)); }
  mlir::Value sums();
  mlir::Value warpResults() { return sharedAt(config.resultBase(shape, op.getSplits())); }
  /// Where `dim` is in a row of warpResults(): what a warp stores at once, and what it loads, lies
  /// in different banks.
  Scalar resultColumn(Scalar tileRow, Scalar dim);

  kernel::AppendAttentionOp op;
  KernelFunction &function;
  PtxBuilder &b;
  DecodeAttentionConfig config;
  AttentionShape shape;
  Scalar thread, lane, warp, keyWarp, laneRow, laneColumn; ///< lane / 4 and lane % 4
  Scalar row, kvHead, firstHead;                           ///< firstHead: of the tile, in the group
  Scalar sequence, length;                                 ///< keys that the row sees
  Scalar split, activeSplits, firstKey, endKey;            ///< the block's keys
  llvm::SmallVector<llvm::SmallVector<Scalar>> query;      ///< [half * keyLoads + load]: words
};

} // namespace qopt::ptx

#endif // QOPT_LOWERING_GPU_DECODEATTENTION_H
