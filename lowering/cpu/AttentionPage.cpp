//===- AttentionPage.cpp - one page of the online softmax --------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/AttentionPage.h"
#include "lowering/cpu/HeadTurn.h"
#include "lowering/cpu/SasExponential.h"
#include "lowering/cpu/VectorMath.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <limits>

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

using Values = CodeBuilder::Values;

static constexpr int64_t kPageVectors = kPageTokens / kLanes;
static constexpr int64_t kCacheLine = 64;

AttentionPage::AttentionPage(const AttentionGeometry &geometry, KernelBody &body)
    : geometry(geometry), keyWindow(geometry.cache.keys.window()),
      valueWindow(geometry.cache.values.window()),
      turnedKeys{{}, true, geometry.cache.kvHeads(), geometry.cache.headDim()}, target(body.target),
      scratch(body.scratch), b(body.b), f32(b.getF32Type()),
      floatScores(geometry, geometry.cache.keys, b, body.target,
                  {geometry.queryOffset(), geometry.scoreOffset()}),
      windowScores(geometry, keyWindow, b, body.target,
                   {geometry.queryOffset(), geometry.windowScoreOffset()}),
      turnedScores(geometry, turnedKeys, b, body.target,
                   {geometry.queryPartsOffset(), geometry.scoreOffset()}),
      turnedWindowScores(geometry, turnedKeys, b, body.target,
                         {geometry.queryPartsOffset(), geometry.windowScoreOffset()}),
      floatValues(geometry, geometry.cache.values, b, body.target, geometry.scoreOffset()),
      windowValues(geometry, valueWindow, b, body.target, geometry.windowScoreOffset()) {
  const CachePool &keys = geometry.cache.keys;
  if (geometry.rope) {
    keyTile.emplace(b, target, keys, geometry.rope, geometry.keyBias);
    windowTile.emplace(b, target, keyWindow, geometry.rope, geometry.keyBias);
  } else if (keys.format.channels)
    channelScores.emplace(geometry, b, body.target.level);
  else if (keys.isLinear())
    integerScores.emplace(geometry, b, body.target);
  if (geometry.cache.values.format.channels)
    channelValues.emplace(geometry, b, body.target.level);
  else if (geometry.cache.values.isLinear())
    integerValues.emplace(geometry, b, body.target);
}

Value AttentionPage::query(Value index) {
  return b.element(f32, scratch, b.multiply(index, geometry.queryStride()));
}

void AttentionPage::start(Value query) {
  Value zero = b.splat(0.0);
  for (int64_t i = 0; i < geometry.cache.paddedDim(); i += kLanes)
    b.storeVector(zero, at(query, geometry.outputOffset() + i));
  b.storeVector(b.splat(-std::numeric_limits<double>::infinity()),
                at(query, geometry.maximumOffset()));
  b.storeVector(zero, at(query, geometry.sumOffset()));
  if (integerScores)
    integerScores->round(query);
}

void AttentionPage::forEachTile(const Blocks &blocks, int64_t largest,
                                llvm::function_ref<void(const Tile &, Value)> body) {
  int64_t heads = geometry.config.heads;
  Value firstQuery = b.multiply(blocks.firstRow, heads);
  Value queries = b.multiply(b.subtract(blocks.rows, blocks.firstRow), heads);
  b.tiles(queries, largest, [&](Value number, int64_t size) {
    body({query(b.add(firstQuery, number)), size, geometry.queryStride()}, number);
  });
}

void AttentionPage::forEachQuery(const Blocks &blocks,
                                 llvm::function_ref<void(Value row, Value query)> body) {
  int64_t heads = geometry.config.heads;
  b.loop(blocks.firstRow, blocks.rows, 1, [&](Value row) {
    b.loop(b.i64(0), b.i64(heads), 1,
           [&](Value head) { body(row, query(b.add(b.multiply(row, heads), head))); });
  });
}

void AttentionPage::emit(const Blocks &blocks) {
  const CacheFormat &keys = geometry.cache.keys.format, &values = geometry.cache.values.format;
  if (keyTile)
    turnQueries(blocks);
  whereNeeded(keys, blocks, [&] { scoreCodes(blocks); }, [&] { scoreWindow(blocks); });
  forEachQuery(blocks, [&](Value row, Value query) {
    Value visible = b.subtract(b.add(blocks.firstPosition, b.add(row, 1)), blocks.firstToken);
    Value coded = keys.residual ? codedTokens(keys, blocks, row) : Value();
    softmax(query, b.minimum(visible, b.i64(kPageTokens)), coded);
    if (values.residual)
      splitWeights(query, codedTokens(values, blocks, row));
  });
  whereNeeded(values, blocks, [&] { accumulateCodes(blocks); }, [&] { accumulateWindow(blocks); });
}

//===----------------------------------------------------------------------===//
// Windows
//===----------------------------------------------------------------------===//

/// Keys by channel wait until `residual` of them are there; others slide out one by one.
Value AttentionPage::codedTokens(const CacheFormat &format, const Blocks &blocks, Value row) {
  Value tokens = b.add(blocks.firstPosition, b.add(row, 1));
  Value coded = format.channels ? b.multiply(b.divide(tokens, format.residual), format.residual)
                                : b.subtract(tokens, b.i64(format.residual));
  coded = b.maximum(b.subtract(coded, blocks.firstToken), b.i64(0));
  return b.minimum(coded, b.i64(kPageTokens));
}

void AttentionPage::whereNeeded(const CacheFormat &format, const Blocks &blocks,
                                llvm::function_ref<void()> codes,
                                llvm::function_ref<void()> window) {
  if (!format.residual)
    return codes();
  // Later rows find more codes.
  Value last = b.subtract(blocks.rows, b.i64(1));
  b.when(b.isLess(b.i64(0), codedTokens(format, blocks, last)), codes);
  Value first = codedTokens(format, blocks, blocks.firstRow);
  b.when(b.isLess(first, b.i64(kPageTokens)), window);
}

//===----------------------------------------------------------------------===//
// Scores
//===----------------------------------------------------------------------===//

void AttentionPage::scoreCodes(const Blocks &blocks) {
  const CachePool &keys = geometry.cache.keys;
  if (keyTile) {
    int64_t tiles = kPageTokens / KeyTile::kTokens;
    Ahead ahead = requestAhead(blocks.values, geometry.cache.values.blockBytes(), blocks.keys,
                               b.i64(0), geometry.config.heads, tiles);
    return scoreTurned(blocks, *keyTile, turnedScores, blocks.keys,
                       [&](Value step) { prefetch(ahead, step); });
  }
  int64_t most = floatScores.tileQueries();
  if (channelScores) {
    most = channelScores->tileQueries();
    forEachQuery(blocks, [&](Value, Value query) { channelScores->round(query, blocks.keys); });
  } else if (integerScores) {
    most = integerScores->tileQueries();
  }
  forEachTile(blocks, most, [&](const Tile &tile, Value number) {
    Ahead ahead = requestAhead(blocks.values, geometry.cache.values.blockBytes(), blocks.keys,
                               number, most, keys.codeRows());
    scoreTile(tile, blocks.keys, [&](Value step) { prefetch(ahead, step); });
  });
}

void AttentionPage::scoreTile(const Tile &tile, Value keys, Prefetch prefetch) {
  if (channelScores)
    channelScores->score(tile, keys, prefetch);
  else if (integerScores)
    integerScores->score(tile, keys, prefetch);
  else
    floatScores.score(tile, keys, prefetch);
}

void AttentionPage::turnQueries(const Blocks &blocks) {
  int64_t headDim = geometry.cache.headDim();
  SmallVector<HeadPiece> pieces = headPieces(headDim, /*turns=*/true);
  forEachQuery(blocks, [&](Value, Value query) {
    Values values;
    for (HeadPiece piece : pieces)
      values.push_back(b.loadVector(f32, at(query, piece.start), piece.lanes));
    turnHead(b, values, headDim, blocks.angles, /*isBack=*/true);
    for (auto [piece, value] : llvm::zip(pieces, values))
      b.storeVector(value, at(query, geometry.queryPartsOffset() + piece.start), piece.lanes);
  });
}

void AttentionPage::scoreTurned(const Blocks &blocks, KeyTile &keyTile, FloatScores &scores,
                                Value keys, Prefetch prefetch) {
  Value turned = at(scratch, geometry.keyTileOffset());
  constexpr int64_t tokens = KeyTile::kTokens, rowBytes = tokens * int64_t(sizeof(float));
  b.loop(b.i64(0), b.i64(kPageTokens / tokens), 1, [&](Value index) {
    Value first = b.multiply(index, tokens);
    if (prefetch)
      prefetch(index);
    keyTile.fill(keys, first, blocks.keyBias, turned);
    forEachTile(blocks, scores.tileQueries(tokens), [&](const Tile &tile, Value) {
      scores.score(tile, {turned, rowBytes, tokens, first}, nullptr);
    });
  });
}

void AttentionPage::scoreWindow(const Blocks &blocks) {
  if (windowTile)
    return scoreTurned(blocks, *windowTile, turnedWindowScores, blocks.keyWindow, nullptr);
  forEachTile(blocks, windowScores.tileQueries(), [&](const Tile &tile, Value) {
    windowScores.score(tile, blocks.keyWindow, nullptr);
  });
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

/// Where values have a window, it adds to what this leaves.
void AttentionPage::accumulateCodes(const Blocks &blocks) {
  if (channelValues)
    return accumulateChannels(blocks);
  const CachePool &values = geometry.cache.values;
  // What is beyond the head is no group's, but where there is one alone.
  int64_t groups = values.groups();
  int64_t groupVectors = (groups == 1 ? values.paddedDim() : values.groupSize()) / kLanes;
  for (int64_t group = 0; group < groups; ++group) {
    if (values.format.isScaled())
      forEachQuery(blocks, [&](Value, Value query) {
        if (integerValues)
          integerValues->round(query, blocks.values, b.i64(group));
        else
          floatValues.scaleWeights(query, blocks.values, b.i64(group));
      });
    accumulateGroup(blocks, group * groupVectors, groupVectors, group == 0);
  }
  if (values.format.residual)
    finishCorrection(blocks);
}

/// What was accumulated is corrected already.
void AttentionPage::finishCorrection(const Blocks &blocks) {
  forEachQuery(blocks, [&](Value, Value query) {
    b.storeVector(b.splat(1.0), at(query, geometry.correctionOffset()));
  });
}

void AttentionPage::accumulateChannels(const Blocks &blocks) {
  const CachePool &values = geometry.cache.values;
  int64_t most = channelValues->tileQueries(), groups = kPageTokens / values.format.group;
  Value tokens = codedTokens(values.format, blocks, b.subtract(blocks.rows, b.i64(1)));
  forEachQuery(blocks, [&](Value, Value query) { channelValues->round(query); });
  forEachTile(blocks, most, [&](const Tile &tile, Value number) {
    Ahead requests = requestAhead(blocks.nextKeys, geometry.cache.keys.blockBytes(), blocks.values,
                                  number, most, groups);
    channelValues->accumulate(tile, blocks.values, tokens,
                              [&](Value step) { prefetch(requests, step); });
  });
  finishCorrection(blocks);
}

/// The vectors of one group of values, by so many queries that their sums stay in registers.
void AttentionPage::accumulateGroup(const Blocks &blocks, int64_t firstVector, int64_t vectors,
                                    bool isFirst) {
  const CachePool &values = geometry.cache.values;
  auto ahead = [&](Value number, int64_t tileQueries, bool requests) {
    return requestAhead(blocks.nextKeys, requests ? geometry.cache.keys.blockBytes() : 0,
                        blocks.values, number, tileQueries, values.codeRows());
  };
  if (integerValues) {
    int64_t most = integerValues->tileQueries();
    forEachTile(blocks, most, [&](const Tile &tile, Value number) {
      Ahead requests = ahead(number, most, isFirst);
      integerValues->accumulate(tile, blocks.values, blocks.tokens, firstVector, vectors,
                                [&](Value step) { prefetch(requests, step); });
    });
    return;
  }
  int64_t chunk = floatValues.chunkOf(vectors);
  for (int64_t first = 0; first < vectors; first += chunk) {
    int64_t count = std::min(chunk, vectors - first), most = floatValues.tileQueries(count);
    forEachTile(blocks, most, [&](const Tile &tile, Value number) {
      Ahead requests = ahead(number, most, isFirst && first == 0);
      floatValues.accumulate(tile, blocks.values, blocks.tokens, firstVector + first, count,
                             [&](Value step) { prefetch(requests, step); });
    });
  }
}

void AttentionPage::accumulateWindow(const Blocks &blocks) {
  int64_t vectors = valueWindow.paddedDim() / kLanes, chunk = windowValues.chunkOf(vectors);
  for (int64_t first = 0; first < vectors; first += chunk) {
    int64_t count = std::min(chunk, vectors - first);
    forEachTile(blocks, windowValues.tileQueries(count), [&](const Tile &tile, Value) {
      windowValues.accumulate(tile, blocks.valueWindow, blocks.tokens, first, count, nullptr);
    });
  }
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

/// While one block is read, the tiles of the first row share in requesting the one after it. `tile`
/// is the tile's first query, of `tileQueries`; other tiles ask for what is there already.
AttentionPage::Ahead AttentionPage::requestAhead(Value next, int64_t bytes, Value current,
                                                 Value tile, int64_t tileQueries, int64_t steps) {
  int64_t tiles = llvm::divideCeil(geometry.config.heads, tileQueries);
  int64_t lines = llvm::divideCeil(bytes, steps * tiles * kCacheLine);
  Value offset = b.multiply(b.divide(tile, tileQueries), steps * lines * kCacheLine);
  Value isFirstRow = b.isLess(tile, b.i64(geometry.config.heads));
  return {b.select(isFirstRow, next, current), offset, lines, bytes - lines * kCacheLine};
}

void AttentionPage::prefetch(const Ahead &ahead, Value step) {
  if (ahead.lines == 0)
    return;
  Value offset = b.add(ahead.offset, b.multiply(step, ahead.lines * kCacheLine));
  Value first = b.bytes(ahead.block, b.minimum(offset, b.i64(ahead.lastOffset)));
  for (int64_t line = 0; line < ahead.lines; ++line)
    b.prefetch(b.bytes(first, line * kCacheLine), /*intoL1=*/false);
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

Value AttentionPage::isBelow(int64_t first, Value limit) {
  auto i32s = VectorType::get(kLanes, b.getI32Type());
  SmallVector<int32_t> tokens(kLanes);
  std::iota(tokens.begin(), tokens.end(), first);
  Value token = arith::ConstantOp::create(b, DenseElementsAttr::get(i32s, ArrayRef(tokens)));
  Value limits =
      vector::BroadcastOp::create(b, i32s, arith::TruncIOp::create(b, b.getI32Type(), limit));
  return arith::CmpIOp::create(b, arith::CmpIPredicate::slt, token, limits);
}

Value AttentionPage::weigh(Value scores, Value greatest) {
  if (geometry.softmax)
    return buildSasExponential(b, target, geometry.softmax, b.subf(greatest, scores));
  return buildExp(b, b.subf(scores, greatest));
}

/// Turns scores into weights relative to the greatest score so far. Tokens that the query does not
/// see get weight 0. Scores from the `coded`-th token on, where that is given, are the window's.
void AttentionPage::softmax(Value query, Value visible, Value coded) {
  Value scores = at(query, geometry.scoreOffset());
  Value lowest = b.splat(-std::numeric_limits<double>::infinity());
  Values values;
  Value greatest = b.loadVector(f32, at(query, geometry.maximumOffset())), old = greatest;
  Value pageGreatest = lowest;
  for (int64_t v = 0; v < kPageVectors; ++v) {
    int64_t token = v * kLanes;
    Value score = b.loadVector(f32, b.element(f32, scores, token));
    if (coded) {
      Value recent = b.loadVector(f32, at(query, geometry.windowScoreOffset() + token));
      score = b.select(isBelow(token, coded), score, recent);
    }
    values.push_back(b.select(isBelow(token, visible), score, lowest));
    pageGreatest = b.maxf(pageGreatest, values.back());
  }
  greatest = b.maxf(old, b.maximumOfLanes(pageGreatest));
  for (auto [v, value] : llvm::enumerate(values)) {
    value = weigh(value, greatest);
    b.storeVector(value, b.element(f32, scores, int64_t(v) * kLanes));
  }
  for (int64_t distance = kPageVectors / 2; distance > 0; distance /= 2)
    for (int64_t v = 0; v < distance; ++v)
      values[v] = b.addf(values[v], values[v + distance]);
  Value correction = buildExp(b, b.subf(old, greatest));
  Value sum = b.fma(b.loadVector(f32, at(query, geometry.sumOffset())), correction,
                    b.sumOfLanes(values[0]));
  b.storeVector(greatest, at(query, geometry.maximumOffset()));
  b.storeVector(sum, at(query, geometry.sumOffset()));
  b.storeVector(correction, at(query, geometry.correctionOffset()));
}

/// Leaves the weights of coded tokens in their place and those of others with the window's.
void AttentionPage::splitWeights(Value query, Value coded) {
  Value zero = b.splat(0.0);
  for (int64_t token = 0; token < kPageTokens; token += kLanes) {
    Value isCoded = isBelow(token, coded);
    Value codes = at(query, geometry.scoreOffset() + token), weight = b.loadVector(f32, codes);
    b.storeVector(b.select(isCoded, weight, zero), codes);
    b.storeVector(b.select(isCoded, zero, weight), at(query, geometry.windowScoreOffset() + token));
  }
}
