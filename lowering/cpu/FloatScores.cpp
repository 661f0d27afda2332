//===- FloatScores.cpp - scores of keys read as f32 -----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/FloatScores.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

using Values = CodeBuilder::Values;

static constexpr int64_t kScoreUnroll = 2;

/// scores[q][token] = sum over i of query[q][i] keys[i][token]: tokens are in vector lanes. Of
/// groups with scales, the sum over codes is scaled.
void FloatScores::score(const AttentionTile &tile, const Keys &keys,
                        llvm::function_ref<void(Value step)> prefetch) {
  int64_t vectors = vectorsOf(keys.tokens);
  for (int64_t token = 0; token < keys.tokens; token += vectors * kLanes) {
    Values zeros(tile.queries * vectors, b.splat(0.0));
    Values scores;
    if (!pool.format.isScaled()) {
      scores = sumGroup(tile, keys, b.i64(0), token, prefetch);
    } else {
      scores = b.loop(b.i64(0), b.i64(pool.groups()), 1, zeros, [&](Value group, ValueRange sofar) {
        Values sums = sumGroup(tile, keys, group, token, prefetch), result(sofar);
        for (int64_t v = 0; v < vectors; ++v) {
          Value tokens = b.i64(token + v * kLanes);
          Value scales = decoder.scales(keys.address, group, tokens);
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
      Value to = b.add(keys.first, q * stride + offsets.scores + token + v * kLanes);
      b.storeVector(score, b.element(f32, tile.first, to));
    }
  }
}

/// The sums of a tile over the codes of one group of keys.
Values FloatScores::sumGroup(const AttentionTile &tile, const Keys &keys, Value group,
                             int64_t token, llvm::function_ref<void(Value step)> prefetch) {
  int64_t vectors = vectorsOf(keys.tokens);
  int64_t shared = pool.rowCodes(), rows = llvm::divideCeil(pool.groupSize(), shared);
  Value firstRow = b.multiply(group, rows);
  auto step = [&](Value index, ValueRange sums) {
    Value row = b.add(firstRow, index);
    Value keyRow = b.bytes(keys.address, b.multiply(row, keys.rowBytes));
    if (token == 0 && prefetch)
      prefetch(row);
    SmallVector<Values> loaded(vectors);
    Values result(sums);
    for (int64_t i = 0; i < shared; ++i) {
      Value element = b.add(b.multiply(row, shared), i);
      result = b.outerProduct(
          tile.queries, vectors, result,
          [&](int64_t q) {
            return b.load(f32,
                          b.element(f32, tile.first, b.add(element, q * stride + offsets.query)));
          },
          [&](int64_t v) {
            if (loaded[v].empty())
              loaded[v] = decoder.load(b.bytes(keyRow, (token + v * kLanes) * pool.unitBytes()));
            return loaded[v][i];
          });
    }
    return result;
  };
  Values zeros(tile.queries * vectors, b.splat(0.0));
  return b.unrolledLoop(b.i64(rows), kScoreUnroll, rows, zeros, step);
}
