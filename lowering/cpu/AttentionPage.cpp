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
      f32(b.getF32Type()) {}

Value AttentionPage::query(Value index) {
  return b.element(f32, scratch, b.multiply(index, geometry.queryStride()));
}

void AttentionPage::clear(Value query) {
  Value zero = b.splat(0.0);
  for (int64_t i = 0; i < geometry.cache.paddedDim(); i += kLanes)
    b.storeVector(zero, b.element(f32, query, geometry.outputOffset() + i));
  b.storeVector(b.splat(-std::numeric_limits<double>::infinity()),
                b.element(f32, query, geometry.maximumOffset()));
  b.storeVector(zero, b.element(f32, query, geometry.sumOffset()));
}

void AttentionPage::emit(const Blocks &blocks) {
  int64_t heads = geometry.config.heads;
  Value firstQuery = b.multiply(blocks.firstRow, heads);
  Value queries = b.multiply(b.subtract(blocks.rows, blocks.firstRow), heads);
  int64_t scoreQueries = traits.accumulators / traits.attentionVectors;
  b.tiles(queries, scoreQueries, [&](Value tile, int64_t size) {
    int64_t valueBytes = geometry.cache.valueBlockElements() * int64_t(sizeof(float));
    Ahead ahead = requestAhead(blocks.values, valueBytes, blocks.keys, tile, scoreQueries,
                               geometry.cache.headDim);
    scoreTile(b.add(firstQuery, tile), size, blocks.keys, ahead);
  });

  b.loop(blocks.firstRow, blocks.rows, 1, [&](Value row) {
    Value visible = b.minimum(b.add(blocks.firstVisible, row), b.i64(kPageTokens));
    b.loop(b.i64(0), b.i64(heads), 1,
           [&](Value head) { softmax(query(b.add(b.multiply(row, heads), head)), visible); });
  });

  // A head's vectors by so many queries that their sums stay in registers.
  int64_t vectors = geometry.cache.paddedDim() / kLanes;
  int64_t chunks = llvm::divideCeil(vectors, traits.attentionVectors);
  int64_t chunk = llvm::divideCeil(vectors, chunks);
  for (int64_t first = 0; first < vectors; first += chunk) {
    int64_t count = std::min(chunk, vectors - first);
    int64_t sumQueries = std::min<int64_t>(traits.accumulators / count, 8);
    b.tiles(queries, sumQueries, [&](Value tile, int64_t size) {
      int64_t keyBytes = geometry.cache.keyBlockElements() * int64_t(sizeof(float));
      Ahead ahead = requestAhead(blocks.nextKeys, first == 0 ? keyBytes : 0, blocks.values, tile,
                                 sumQueries, kPageTokens);
      accumulateTile(b.add(firstQuery, tile), size, first, count, blocks.values, blocks.tokens,
                     ahead);
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

/// scores[q][token] = sum over i of query[q][i] keys[i][token]: tokens are in vector lanes.
void AttentionPage::scoreTile(Value firstQuery, int64_t queries, Value keys, const Ahead &ahead) {
  int64_t vectors = traits.attentionVectors;
  int64_t headDim = geometry.cache.headDim, stride = geometry.queryStride();
  Value first = query(firstQuery);
  for (int64_t token = 0; token < kPageTokens; token += vectors * kLanes) {
    auto step = [&](Value i, ValueRange sums) {
      Value row = b.add(b.multiply(i, kPageTokens), token);
      Value keyRow = b.element(f32, keys, row);
      if (token == 0)
        prefetch(ahead, i);
      return b.outerProduct(
          queries, vectors, sums,
          [&](int64_t q) { return b.load(f32, b.element(f32, first, b.add(i, q * stride))); },
          [&](int64_t v) { return b.loadVector(f32, b.element(f32, keyRow, v * kLanes)); });
    };
    Values zeros(queries * vectors, b.splat(0.0));
    Values scores = b.unrolledLoop(b.i64(headDim), kScoreUnroll, headDim, zeros, step);
    for (auto [i, score] : llvm::enumerate(scores)) {
      int64_t q = i / vectors, v = i % vectors;
      b.storeVector(
          score, b.element(f32, first, q * stride + geometry.scoreOffset() + token + v * kLanes));
    }
  }
}

/// Turns scores into weights relative to the greatest score so far. Tokens that the query does not
/// see get weight 0.
void AttentionPage::softmax(Value query, Value visible) {
  Value scores = b.element(f32, query, geometry.scoreOffset());
  auto at = [&](int64_t offset) { return b.element(f32, query, offset); };
  Value lowest = b.splat(-std::numeric_limits<double>::infinity());
  auto i32s = VectorType::get(kLanes, b.getI32Type());
  Value limit =
      vector::BroadcastOp::create(b, i32s, arith::TruncIOp::create(b, b.getI32Type(), visible));

  Values values;
  Value greatest = b.loadVector(f32, at(geometry.maximumOffset())), old = greatest;
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
  Value sum =
      b.fma(b.loadVector(f32, at(geometry.sumOffset())), correction, b.sumOfLanes(values[0]));
  b.storeVector(greatest, at(geometry.maximumOffset()));
  b.storeVector(sum, at(geometry.sumOffset()));
  b.storeVector(correction, at(geometry.correctionOffset()));
}

/// output[q][i] = correction[q] output[q][i] + sum over tokens of weight[q][token]
/// values[token][i].
void AttentionPage::accumulateTile(Value firstQuery, int64_t queries, int64_t firstVector,
                                   int64_t vectors, Value values, Value tokens,
                                   const Ahead &ahead) {
  int64_t stride = geometry.queryStride();
  Value first = query(firstQuery);
  auto outputAddress = [&](int64_t q, int64_t v) {
    return b.element(f32, first, q * stride + geometry.outputOffset() + (firstVector + v) * kLanes);
  };
  Values sums;
  for (int64_t q = 0; q < queries; ++q) {
    Value correction =
        b.loadVector(f32, b.element(f32, first, q * stride + geometry.correctionOffset()));
    for (int64_t v = 0; v < vectors; ++v)
      sums.push_back(b.mulf(b.loadVector(f32, outputAddress(q, v)), correction));
  }
  sums = b.loop(b.i64(0), tokens, 1, sums, [&](Value token, ValueRange current) {
    Value row = b.element(f32, values, b.multiply(token, geometry.cache.paddedDim()));
    prefetch(ahead, token);
    return b.outerProduct(
        queries, vectors, current,
        [&](int64_t q) {
          int64_t weights = q * stride + geometry.scoreOffset();
          return b.load(f32, b.element(f32, first, b.add(token, weights)));
        },
        [&](int64_t v) {
          return b.loadVector(f32, b.element(f32, row, (firstVector + v) * kLanes));
        });
  });
  for (auto [i, sum] : llvm::enumerate(sums))
    b.storeVector(sum, outputAddress(i / vectors, i % vectors));
}
