//===- IntegerScores.cpp - scores of integer keys -------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/IntegerScores.h"
#include "lowering/cpu/KeySums.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

using Values = CodeBuilder::Values;

// What is kept of a query for each group of keys, a dword each.
enum : int64_t { kUnit, kBiasSum, kHalfSum, kQuerySum, kGroupWords };

int64_t IntegerScores::queryWords(const CachePool &pool) {
  return 2 * partBytes(pool) / 4 + pool.groups() * kGroupWords;
}

IntegerScores::IntegerScores(const AttentionGeometry &geometry, CodeBuilder &b,
                             EmittedModule &target)
    : geometry(geometry), pool(geometry.cache.keys), linear(*pool.format.linear()), b(b),
      decoder(b, target, pool), dot(b, target.level) {}

Value IntegerScores::parts(Value query) {
  return b.element(b.getF32Type(), query, geometry.queryPartsOffset());
}

Value IntegerScores::groupWord(Value query, Value group, int64_t word) {
  Value index = b.add(b.multiply(group, kGroupWords), 2 * partBytes(pool) / 4 + word);
  return b.element(b.getI32Type(), parts(query), index);
}

void IntegerScores::round(Value query) {
  Type f32 = b.getF32Type();
  auto i32s = VectorType::get(kLanes, b.getI32Type());
  auto first = [&](Value vector) -> Value {
    return vector::ExtractOp::create(b, vector, ArrayRef<int64_t>{0});
  };
  b.loop(b.i64(0), b.i64(pool.groups()), 1, [&](Value group) {
    Value element = b.multiply(group, pool.groupSize());
    Values numbers;
    for (int64_t i = 0; i < pool.groupSize(); i += kLanes)
      numbers.push_back(b.loadVector(f32, b.element(f32, query, b.add(element, i)),
                                     std::min(kLanes, pool.groupSize() - i)));
    WideDot::Rounded rounded = dot.round(numbers, b.bytes(parts(query), element), partBytes(pool));
    Value bias = arith::ConstantOp::create(b, DenseElementsAttr::get(i32s, int32_t(linear.bias)));
    Value sum = arith::SIToFPOp::create(b, b.vectorType(), rounded.sum);
    b.store(first(b.mulf(rounded.unit, b.splat(linear.step))), groupWord(query, group, kUnit));
    b.store(first(arith::MulIOp::create(b, rounded.sum, bias)), groupWord(query, group, kBiasSum));
    b.store(first(b.mulf(sum, b.splat(linear.offset))), groupWord(query, group, kHalfSum));
    b.store(first(b.mulf(sum, rounded.unit)), groupWord(query, group, kQuerySum));
  });
}

void IntegerScores::score(const AttentionTile &tile, Value keys,
                          llvm::function_ref<void(Value step)> prefetch) {
  Type f32 = b.getF32Type();
  auto load = [&](int64_t q, Value group, int64_t word) {
    return b.broadcast(b.load(f32, groupWord(tile.query(b, q), group, word)));
  };
  int64_t vectors = std::min<int64_t>(
      kPageTokens / kLanes, llvm::bit_floor(uint64_t(dot.sumsInRegisters() / tile.queries)));
  int64_t rows = llvm::divideCeil(pool.groupSize(), kQuad * pool.rowCodes());
  for (int64_t token = 0; token < kPageTokens; token += vectors * kLanes) {
    Values scores(tile.queries * vectors, b.splat(0.0));
    scores = b.loop(b.i64(0), b.i64(pool.groups()), 1, scores, [&](Value group, ValueRange sofar) {
      Values sums = KeySums(b, dot, pool)
                        .sum(
                            tile, keys, {b.multiply(group, rows), rows, token, vectors},
                            [&](int64_t q) { return parts(tile.query(b, q)); }, partBytes(pool),
                            [&](int64_t q) { return groupWord(tile.query(b, q), group, kBiasSum); },
                            token == 0 ? prefetch : nullptr);
      Values result(sofar);
      for (int64_t v = 0; v < vectors; ++v) {
        Value tokens = b.i64(token + v * kLanes), scales = decoder.scales(keys, group, tokens);
        Value zeros = pool.format.hasZero() ? decoder.zeros(keys, group, tokens) : Value();
        for (int64_t q = 0; q < tile.queries; ++q) {
          Value &score = result[q * vectors + v];
          Value sum = arith::SIToFPOp::create(b, b.vectorType(), sums[q * vectors + v]);
          if (linear.offset != 0)
            sum = b.addf(sum, load(q, group, kHalfSum));
          score = b.fma(sum, b.mulf(scales, load(q, group, kUnit)), score);
          if (zeros)
            score = b.fma(zeros, load(q, group, kQuerySum), score);
        }
      }
      return result;
    });
    for (auto [i, score] : llvm::enumerate(scores)) {
      int64_t q = i / vectors, column = token + i % vectors * kLanes;
      b.storeVector(score, b.element(f32, tile.query(b, q), geometry.scoreOffset() + column));
    }
  }
}
