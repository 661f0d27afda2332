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

/// Of a step, whose tokens are of one tile.
Scalar DecodeAttentionEmitter::tileScale(const CachePool &pool, Value block, const Step &step) {
  return pool.format.progressive ? readerOf(pool).tileScale(block, step.first) : Scalar();
}

DecodeAttentionEmitter::Tokens DecodeAttentionEmitter::loadKeys(const Step &step) {
  CacheReader reader = readerOf(shape.keys);
  Value block = reader.block(step.page, kvHead);
  int64_t tokens = shape.keys.unitTokens();
  Units units; // [tile / tokens][load]
  for (int64_t tile = 0; tile < 2; tile += tokens)
    for (int64_t i = 0; i < keyLoads(); ++i)
      units.push_back(
          reader.load(block, laneKey(step) + tile * 2, keyUnit(i), step.last, step.first));
  Scalar scale = tileScale(shape.keys, block, step);
  if (keysTurn()) {
    // With their bias, keys are no multiples of the scale.
    for (CacheReader::Unit &unit : units)
      unit.multiplier = scale;
    WordsOf words = turnedKeys([=, this](int64_t tile, int64_t i) {
      return reader.elements(units[tile / tokens * keyLoads() + i], tile % tokens);
    });
    return {words, {}};
  }
  WordsOf words = [=, this](int64_t tile, int64_t i) {
    return reader.words(units[tile / tokens * keyLoads() + i], tile % tokens);
  };
  return {words, scale};
}

DecodeAttentionEmitter::Tokens DecodeAttentionEmitter::loadValues(const Step &step) {
  CacheReader reader = readerOf(shape.values);
  Value block = reader.block(step.page, kvHead);
  int64_t tokens = shape.values.unitTokens();
  Units units; // [load][key / tokens]
  for (int64_t i = 0; i < valueLoads(); ++i)
    for (int64_t key = 0; key < 4; key += tokens)
      units.push_back(reader.load(block, step.first + laneColumn * 4 + key, laneValueUnit(i),
                                  step.last, step.first));
  WordsOf words = [=](int64_t i, int64_t key) {
    auto unit = [&](int64_t k) { return units[(i * 4 + k) / tokens]; };
    return reader.pairs(unit(key), key % tokens, unit(key + 1), (key + 1) % tokens);
  };
  return {words, tileScale(shape.values, block, step)};
}

DecodeAttentionEmitter::WordsOf DecodeAttentionEmitter::loadValueWindow(const Step &step) {
  CacheWindow window = windowOf(shape.values);
  Value block = window.block(step.firstKey);
  SmallVector<CacheWindow::Units> units; // [load][key]
  for (int64_t i = 0; i < valueLoads(); ++i)
    for (int64_t key = 0; key < 4; ++key)
      units.push_back(
          window.load(block, step.first + laneColumn * 4 + key, laneValueUnit(i), step.last));
  return [=](int64_t i, int64_t key) {
    return window.pairs(units[i * 4 + key], units[i * 4 + key + 1]);
  };
}

/// Only one of both is read, as what was never coded is not even a number.
DecodeAttentionEmitter::Tokens DecodeAttentionEmitter::loadEither(
    const CachePool &pool, const Step &step, ArrayRef<std::pair<int64_t, int64_t>> places,
    int64_t count, llvm::function_ref<Tokens()> codes, llvm::function_ref<WordsOf()> recent) {
  bool hasScale = pool.format.progressive && !pool.inPairs();
  auto flatten = [&](const Tokens &tokens) {
    SmallVector<Value> all;
    for (auto [first, second] : places)
      all.append(llvm::to_vector_of<Value>(tokens.words(first, second)));
    if (hasScale)
      all.push_back(tokens.scale);
    return all;
  };
  Scalar coded = codedTokens(pool);
  SmallVector<Value> found(places.size() * count, b.i32(0));
  if (hasScale)
    found.push_back(b.f32(0));
  found = b.ifElse(step.firstKey < coded, found, [&] { return flatten(codes()); });
  found = b.ifElse(coded <= step.firstKey, found, [&] { return flatten({recent(), b.f32(1)}); });
  Scalar scale = hasScale ? b.wrap(found.pop_back_val()) : Scalar();
  WordsOf words = [=, this, places = llvm::to_vector(places)](int64_t first, int64_t second) {
    int64_t place = llvm::find(places, std::pair(first, second)) - places.begin();
    return llvm::map_to_vector(ArrayRef(found).slice(place * count, count),
                               [&](Value word) { return b.wrap(word); });
  };
  return {words, scale};
}

/// The keys of a step are in the same place: windows of keys end with groups.
DecodeAttentionEmitter::Tokens DecodeAttentionEmitter::loadRecentKeys(const Step &step) {
  if (!shape.keys.format.residual)
    return loadKeys(step);
  SmallVector<std::pair<int64_t, int64_t>> places;
  for (int64_t tile = 0; tile < 2; ++tile)
    for (int64_t i = 0; i < keyLoads(); ++i)
      places.push_back({tile, i});
  return loadEither(
      shape.keys, step, places, shape.keys.unitElements() / 2, [&] { return loadKeys(step); },
      [&]() -> WordsOf {
        CacheWindow window = windowOf(shape.keys);
        Value block = window.block(step.firstKey);
        auto load = [=, this](int64_t tile, int64_t i) {
          return window.load(block, laneKey(step) + tile * 2, keyUnit(i), step.last);
        };
        if (keysTurn())
          return turnedKeys(
              [=](int64_t tile, int64_t i) { return window.elements(load(tile, i)); });
        return [=](int64_t tile, int64_t i) { return window.words(load(tile, i)); };
      });
}

/// Windows of values by token begin anywhere: of each value one of both is taken.
DecodeAttentionEmitter::Tokens DecodeAttentionEmitter::loadRecentValues(const Step &step) {
  if (!shape.values.format.residual)
    return loadValues(step);
  if (shape.values.format.channels) {
    SmallVector<std::pair<int64_t, int64_t>> places;
    for (int64_t i = 0; i < valueLoads(); ++i)
      for (int64_t key = 0; key < 4; key += 2)
        places.push_back({i, key});
    return loadEither(
        shape.values, step, places, shape.values.unitElements(), [&] { return loadValues(step); },
        [&] { return loadValueWindow(step); });
  }
  WordsOf codes = loadValues(step).words, window = loadValueWindow(step);
  Scalar coded = codedTokens(shape.values), laneKey = step.firstKey + laneColumn * 4;
  WordsOf words = [=, this](int64_t i, int64_t key) {
    Scalar mask = select(laneKey + key < coded, b.i32(0xffff), b.i32(0)) |
                  select(laneKey + (key + 1) < coded, b.i32(int64_t(0xffff0000)), b.i32(0));
    SmallVector<Scalar> words = codes(i, key);
    for (auto [word, recent] : llvm::zip_equal(words, window(i, key)))
      word = recent ^ ((word ^ recent) & mask);
    return words;
  };
  return {words, {}};
}
