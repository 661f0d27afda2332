//===- DecodeAttentionLoads.cpp - keys and values of a step ---------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/DecodeAttention.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;
using Kind = kernel::Argument::Kind;
using llvm::SmallVector;

using Units = SmallVector<CacheReader::Unit>;

CacheReader DecodeAttentionEmitter::readerOf(const CachePool &pool) {
  return {b, pool, function.pointer(pool.isKey ? Kind::KeyCache : Kind::ValueCache)};
}

DecodeAttentionEmitter::WordsOf DecodeAttentionEmitter::loadKeys(const Step &step) {
  CacheReader reader = readerOf(shape.keys);
  Value block = reader.block(step.page, kvHead);
  int64_t tokens = shape.keys.unitTokens();
  Units units; // [tile / tokens][load]
  for (int64_t tile = 0; tile < 2; tile += tokens)
    for (int64_t i = 0; i < keyLoads(); ++i)
      units.push_back(
          reader.load(block, laneKey(step) + tile * 2, keyUnit(i), step.last, step.first));
  return [=, this](int64_t tile, int64_t i) {
    return reader.words(units[tile / tokens * keyLoads() + i], tile % tokens);
  };
}

DecodeAttentionEmitter::WordsOf DecodeAttentionEmitter::loadValues(const Step &step) {
  CacheReader reader = readerOf(shape.values);
  Value block = reader.block(step.page, kvHead);
  int64_t tokens = shape.values.unitTokens();
  Units units; // [load][key / tokens]
  for (int64_t i = 0; i < valueLoads(); ++i)
    for (int64_t key = 0; key < 4; key += tokens) {
      Scalar token = step.first + laneColumn * 4 + key;
      units.push_back(reader.load(block, token, laneValueUnit(i), step.last, token));
    }
  return [=](int64_t i, int64_t key) {
    auto unit = [&](int64_t k) { return units[(i * 4 + k) / tokens]; };
    return reader.pairs(unit(key), key % tokens, unit(key + 1), (key + 1) % tokens);
  };
}

/// The keys of a step are in the same place: windows of keys end with groups. Only these are read,
/// as what was never coded is not even a number.
DecodeAttentionEmitter::WordsOf DecodeAttentionEmitter::loadRecentKeys(const Step &step) {
  if (!shape.keys.format.residual)
    return loadKeys(step);
  auto flatten = [&](const WordsOf &words) {
    SmallVector<Value> all;
    for (int64_t tile = 0; tile < 2; ++tile)
      for (int64_t i = 0; i < keyLoads(); ++i)
        all.append(llvm::to_vector_of<Value>(words(tile, i)));
    return all;
  };
  int64_t count = shape.keys.unitElements() / 2; // words of a token's unit
  Scalar coded = codedTokens(shape.keys);
  SmallVector<Value> words(2 * keyLoads() * count, b.i32(0));
  words = b.ifElse(step.firstKey < coded, words, [&] { return flatten(loadKeys(step)); });
  words = b.ifElse(coded <= step.firstKey, words, [&] {
    CacheWindow window = windowOf(shape.keys);
    Value block = window.block(step.firstKey);
    return flatten([&](int64_t tile, int64_t i) {
      return window.words(window.load(block, laneKey(step) + tile * 2, keyUnit(i), step.last));
    });
  });
  return [=, this](int64_t tile, int64_t i) {
    auto first = words.begin() + (tile * keyLoads() + i) * count;
    return llvm::map_to_vector(llvm::make_range(first, first + count),
                               [&](Value word) { return b.wrap(word); });
  };
}

/// Windows of values begin anywhere: of each value one of both is taken.
DecodeAttentionEmitter::WordsOf DecodeAttentionEmitter::loadRecentValues(const Step &step) {
  WordsOf codes = loadValues(step);
  if (!shape.values.format.residual)
    return codes;
  CacheWindow window = windowOf(shape.values);
  Value block = window.block(step.firstKey);
  SmallVector<CacheWindow::Units> units; // [load][key]
  for (int64_t i = 0; i < valueLoads(); ++i)
    for (int64_t key = 0; key < 4; ++key)
      units.push_back(
          window.load(block, step.first + laneColumn * 4 + key, laneValueUnit(i), step.last));
  Scalar coded = codedTokens(shape.values), laneKey = step.firstKey + laneColumn * 4;
  return [=, this](int64_t i, int64_t key) {
    Scalar mask = select(laneKey + key < coded, b.i32(0xffff), b.i32(0)) |
                  select(laneKey + (key + 1) < coded, b.i32(int64_t(0xffff0000)), b.i32(0));
    SmallVector<Scalar> words = codes(i, key);
    for (auto [word, recent] :
         llvm::zip_equal(words, window.pairs(units[i * 4 + key], units[i * 4 + key + 1])))
      word = recent ^ ((word ^ recent) & mask);
    return words;
  };
}
