//===- ChannelScores.cpp - scores of keys coded by channel ----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/ChannelScores.h"
#include "lowering/cpu/ChannelParameters.h"
#include "lowering/cpu/KeySums.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

using Values = CodeBuilder::Values;

// What is kept of a query for each group of tokens behind the parts, a dword each.
enum : int64_t { kUnit, kBiasSum, kZeroSum, kGroupWords };

static int64_t wordsOfGroup(const CachePool &keys) { return 2 * keys.headDim / 4 + kGroupWords; }

int64_t ChannelScores::queryWords(const CachePool &keys) {
  return kPageTokens / keys.format.group * wordsOfGroup(keys);
}

Value ChannelScores::ofGroup(Value query, Value group) {
  Value words = b.multiply(group, wordsOfGroup(pool));
  return b.element(b.getI32Type(), query, b.add(words, geometry.queryPartsOffset()));
}

Value ChannelScores::groupWord(Value query, Value group, int64_t word) {
  return b.element(b.getI32Type(), ofGroup(query, group), 2 * pool.headDim / 4 + word);
}

void ChannelScores::round(Value query, Value keys) {
  Type f32 = b.getF32Type();
  auto i32s = VectorType::get(kLanes, b.getI32Type());
  int64_t bias = pool.format.linear()->bias;
  auto store = [&](Value vector, Value address) {
    b.store(vector::ExtractOp::create(b, vector, ArrayRef<int64_t>{0}), address);
  };
  b.loop(b.i64(0), b.i64(kPageTokens / pool.format.group), 1, [&](Value group) {
    Values scaled;
    Value zeroSum = b.splat(0.0);
    for (int64_t i = 0; i < pool.headDim; i += kLanes) {
      Value q = b.loadVector(f32, b.element(f32, query, i));
      auto [scale, zero] = ChannelParameters::load(b, pool, keys, group, b.i64(i));
      scaled.push_back(b.mulf(q, scale));
      zeroSum = b.fma(q, b.fma(scale, b.splat(double(bias)), zero), zeroSum);
    }
    WideDot::Rounded rounded = dot.round(scaled, ofGroup(query, group), pool.headDim);
    Value biases = arith::ConstantOp::create(b, DenseElementsAttr::get(i32s, int32_t(bias)));
    store(rounded.unit, groupWord(query, group, kUnit));
    store(arith::MulIOp::create(b, rounded.sum, biases), groupWord(query, group, kBiasSum));
    store(b.sumOfLanes(zeroSum), groupWord(query, group, kZeroSum));
  });
}

void ChannelScores::score(const AttentionTile &tile, Value keys,
                          llvm::function_ref<void(Value step)> prefetch) {
  Type f32 = b.getF32Type();
  int64_t most = llvm::bit_floor(uint64_t(dot.sumsInRegisters() / tile.queries));
  int64_t vectors = std::min(most, pool.format.group / kLanes);
  for (int64_t token = 0; token < kPageTokens; token += vectors * kLanes) {
    Value group = b.i64(token / pool.format.group);
    auto load = [&](int64_t q, int64_t word) {
      return b.broadcast(b.load(f32, groupWord(tile.query(b, q), group, word)));
    };
    Values sums = KeySums(b, dot, pool)
                      .sum(
                          tile, keys, {b.i64(0), pool.codeRows(), token, vectors},
                          [&](int64_t q) { return ofGroup(tile.query(b, q), group); }, pool.headDim,
                          [&](int64_t q) { return groupWord(tile.query(b, q), group, kBiasSum); },
                          token == 0 ? prefetch : nullptr);
    for (int64_t q = 0; q < tile.queries; ++q)
      for (int64_t v = 0; v < vectors; ++v) {
        Value sum = arith::SIToFPOp::create(b, b.vectorType(), sums[q * vectors + v]);
        b.storeVector(
            b.fma(sum, load(q, kUnit), load(q, kZeroSum)),
            b.element(f32, tile.query(b, q), geometry.scoreOffset() + token + v * kLanes));
      }
  }
}
