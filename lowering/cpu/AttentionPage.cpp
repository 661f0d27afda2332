//===- AttentionPage.cpp - one page of the online softmax --------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/AttentionPage.h"
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
static constexpr int64_t kScoreUnroll = 2;

AttentionPage::AttentionPage(const AttentionGeometry &geometry, KernelBody &body)
    : geometry(geometry), traits(body.target.traits()), scratch(body.scratch), b(body.b),
      f32(b.getF32Type()), keyDecoder(b, body.target, geometry.cache.keys),
      valueDecoder(b, body.target, geometry.cache.values) {
  if (geometry.cache.keys.isLinear())
    integerScores.emplace(geometry, b, body.target);
  if (geometry.cache.values.isLinear())
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
  const CachePool &keys = geometry.cache.keys, &values = geometry.cache.values;
  int64_t most =
      integerScores ? integerScores->tileQueries() : traits.accumulators / traits.attentionVectors;
  forEachTile(blocks, most, [&](const Tile &tile, Value number) {
    Ahead ahead = requestAhead(blocks.values, values.blockBytes(), blocks.keys, number, most,
                               keys.codeRows());
    if (integerScores)
      integerScores->score(tile, blocks.keys, [&](Value step) { prefetch(ahead, step); });
    else
      scoreTile(tile, blocks.keys, ahead);
  });

  forEachQuery(blocks, [&](Value row, Value query) {
    softmax(query, b.minimum(b.add(blocks.firstVisible, row), b.i64(kPageTokens)));
  });

  int64_t groups = values.groups(), groupVectors = values.paddedDim() / groups / kLanes;
  for (int64_t group = 0; group < groups; ++group) {
    if (values.format.isScaled())
      forEachQuery(blocks, [&](Value, Value query) {
        if (integerValues)
          integerValues->round(query, blocks.values, b.i64(group));
        else
          scaleWeights(query, blocks.values, b.i64(group));
      });
    accumulate(blocks, group * groupVectors, groupVectors, group == 0);
  }
}

/// The vectors of one group of values, by so many queries that their sums stay in registers.
void AttentionPage::accumulate(const Blocks &blocks, int64_t firstVector, int64_t vectors,
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
  int64_t unit = values.codesPerByte(), most = std::max(traits.attentionVectors, unit);
  int64_t chunks = llvm::divideCeil(vectors, most);
  int64_t chunk = llvm::alignTo(llvm::divideCeil(vectors, chunks), unit);
  for (int64_t first = 0; first < vectors; first += chunk) {
    int64_t count = std::min(chunk, vectors - first);
    int64_t tileQueries = std::clamp<int64_t>(traits.accumulators / count, 1, 8);
    forEachTile(blocks, tileQueries, [&](const Tile &tile, Value number) {
      accumulateTile(tile, firstVector + first, count, blocks,
                     ahead(number, tileQueries, isFirst && first == 0));
    });
  }
}

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

/// scores[q][token] = sum over i of query[q][i] keys[i][token]: tokens are in vector lanes. Of
/// groups with scales, the sum over codes is scaled.
void AttentionPage::scoreTile(const Tile &tile, Value keys, const Ahead &ahead) {
  const CachePool &pool = geometry.cache.keys;
  int64_t vectors = traits.attentionVectors, stride = geometry.queryStride();
  for (int64_t token = 0; token < kPageTokens; token += vectors * kLanes) {
    Values zeros(tile.queries * vectors, b.splat(0.0));
    Values scores;
    if (!pool.format.isScaled()) {
      scores = scoreGroup(tile, keys, b.i64(0), token, ahead);
    } else {
      scores = b.loop(b.i64(0), b.i64(pool.groups()), 1, zeros, [&](Value group, ValueRange sofar) {
        Values sums = scoreGroup(tile, keys, group, token, ahead), result(sofar);
        for (int64_t v = 0; v < vectors; ++v) {
          Value tokens = b.i64(token + v * kLanes);
          Value scales = keyDecoder.scales(keys, group, tokens);
          for (int64_t q = 0; q < tile.queries; ++q) {
            Value &score = result[q * vectors + v];
            score = b.fma(sums[q * vectors + v], scales, score);
          }
        }
        return result;
      });
    }
    for (auto [i, score] : llvm::enumerate(scores)) {
      int64_t q = i / vectors, v = i % vectors;
      b.storeVector(score,
                    at(tile.first, q * stride + geometry.scoreOffset() + token + v * kLanes));
    }
  }
}

/// The sums of a tile over the codes of one group of keys.
Values AttentionPage::scoreGroup(const Tile &tile, Value keys, Value group, int64_t token,
                                 const Ahead &ahead) {
  const CachePool &pool = geometry.cache.keys;
  int64_t vectors = traits.attentionVectors, stride = geometry.queryStride();
  int64_t shared = pool.codesPerByte(), rows = llvm::divideCeil(pool.groupSize(), shared);
  Value firstRow = b.multiply(group, rows);
  auto step = [&](Value index, ValueRange sums) {
    Value row = b.add(firstRow, index);
    Value keyRow = b.bytes(keys, b.multiply(row, pool.rowBytes()));
    if (token == 0)
      prefetch(ahead, row);
    SmallVector<Values> loaded(vectors);
    Values result(sums);
    for (int64_t i = 0; i < shared; ++i) {
      Value element = b.add(b.multiply(row, shared), i);
      result = b.outerProduct(
          tile.queries, vectors, result,
          [&](int64_t q) {
            return b.load(f32, b.element(f32, tile.first, b.add(element, q * stride)));
          },
          [&](int64_t v) {
            if (loaded[v].empty())
              loaded[v] = keyDecoder.load(b.bytes(keyRow, (token + v * kLanes) * pool.unitBytes()));
            return loaded[v][i];
          });
    }
    return result;
  };
  Values zeros(tile.queries * vectors, b.splat(0.0));
  return b.unrolledLoop(b.i64(rows), kScoreUnroll, rows, zeros, step);
}

/// Turns scores into weights relative to the greatest score so far. Tokens that the query does not
/// see get weight 0.
void AttentionPage::softmax(Value query, Value visible) {
  Value scores = at(query, geometry.scoreOffset());
  Value lowest = b.splat(-std::numeric_limits<double>::infinity());
  auto i32s = VectorType::get(kLanes, b.getI32Type());
  Value limit =
      vector::BroadcastOp::create(b, i32s, arith::TruncIOp::create(b, b.getI32Type(), visible));

  Values values;
  Value greatest = b.loadVector(f32, at(query, geometry.maximumOffset())), old = greatest;
  Value pageGreatest = lowest;
  for (int64_t v = 0; v < kPageVectors; ++v) {
    SmallVector<int32_t> tokens(kLanes);
    std::iota(tokens.begin(), tokens.end(), v * kLanes);
    Value token = arith::ConstantOp::create(b, DenseElementsAttr::get(i32s, ArrayRef(tokens)));
    Value seen = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, token, limit);
    Value score = b.loadVector(f32, b.element(f32, scores, v * kLanes));
    values.push_back(b.select(seen, score, lowest));
    pageGreatest = b.maxf(pageGreatest, values.back());
  }
  greatest = b.maxf(old, b.maximumOfLanes(pageGreatest));
  for (auto [v, value] : llvm::enumerate(values)) {
    value = buildExp(b, b.subf(value, greatest));
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

/// weights[token] scale[token] of a group of values.
void AttentionPage::scaleWeights(Value query, Value values, Value group) {
  for (int64_t token = 0; token < kPageTokens; token += kLanes) {
    Value weights = b.loadVector(f32, at(query, geometry.scoreOffset() + token));
    Value scales = valueDecoder.scales(values, group, b.i64(token));
    b.storeVector(b.mulf(weights, scales), at(query, geometry.scaledWeightOffset() + token));
  }
}

/// output[q][i] = correction[q] output[q][i] + sum over tokens of weight[q][token]
/// values[token][i].
void AttentionPage::accumulateTile(const Tile &tile, int64_t firstVector, int64_t vectors,
                                   const Blocks &blocks, const Ahead &ahead) {
  const CachePool &pool = geometry.cache.values;
  int64_t stride = geometry.queryStride(), shared = pool.codesPerByte();
  auto outputAddress = [&](int64_t q, int64_t v) {
    return at(tile.first, q * stride + geometry.outputOffset() + (firstVector + v) * kLanes);
  };
  Values sums;
  for (int64_t q = 0; q < tile.queries; ++q) {
    Value correction = b.loadVector(f32, at(tile.first, q * stride + geometry.correctionOffset()));
    for (int64_t v = 0; v < vectors; ++v)
      sums.push_back(b.mulf(b.loadVector(f32, outputAddress(q, v)), correction));
  }
  int64_t weightOffset =
      pool.format.isScaled() ? geometry.scaledWeightOffset() : geometry.scoreOffset();
  sums = b.loop(b.i64(0), blocks.tokens, 1, sums, [&](Value token, ValueRange current) {
    Value row = b.bytes(blocks.values, b.multiply(token, pool.rowBytes()));
    prefetch(ahead, token);
    SmallVector<Values> loaded(vectors);
    return b.outerProduct(
        tile.queries, vectors, current,
        [&](int64_t q) {
          return b.load(f32, b.element(f32, tile.first, b.add(token, q * stride + weightOffset)));
        },
        [&](int64_t v) {
          // A load may hold several vectors.
          Values &together = loaded[v / shared];
          if (together.empty())
            together = valueDecoder.load(
                b.bytes(row, (firstVector + v) / shared * kLanes * pool.unitBytes()));
          return together[v % shared];
        });
  });
  for (auto [i, sum] : llvm::enumerate(sums))
    b.storeVector(sum, outputAddress(i / vectors, i % vectors));
}
