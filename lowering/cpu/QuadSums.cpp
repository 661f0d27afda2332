//===- QuadSums.cpp - integer sums of four values at a time ---------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/QuadSums.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

using Values = CodeBuilder::Values;

int64_t QuadSums::vectorsAtOnce(int64_t queries) const {
  int64_t shared = geometry.cache.values.codesPerByte();
  return std::max<int64_t>(shared, llvm::bit_floor(uint64_t(dot.sumsInRegisters() / queries)));
}

/// Codes that are split between bytes are streams of eights of elements, two of which, one after
/// the other in their stream, are a vector: they begin in the same byte or in the next one.
Value QuadSums::loadCodes(Value row, int64_t vector) {
  const CachePool &pool = geometry.cache.values;
  constexpr int64_t vectorBytes = kLanes * kQuad, eightBytes = kEight * kQuad;
  auto bytes = VectorType::get(vectorBytes, b.getI8Type());
  if (!pool.isSplit()) {
    int64_t shared = pool.codesPerByte();
    Value low = b.load(bytes, b.bytes(row, vector / shared * vectorBytes));
    return extractCode(b, CodePlace::of(vector % shared, pool.bits()), low, {});
  }
  int64_t pairs = pool.rowCodes() / 2, stream = vector / pairs, first = vector % pairs * 2;
  CodePlace places[] = {CodePlace::of(first, pool.bits()), CodePlace::of(first + 1, pool.bits())};
  auto load = [&](int64_t byte) -> Value {
    Value at = b.bytes(row, (stream * bytesTogether(pool.bits()) + byte) * eightBytes);
    if (places[0].byte != places[1].byte)
      return b.load(bytes, at);
    Value eight = b.load(VectorType::get(eightBytes, b.getI8Type()), at);
    SmallVector<int64_t> twice(vectorBytes);
    for (int64_t i = 0; i < vectorBytes; ++i)
      twice[i] = i % eightBytes;
    return b.shuffle(eight, eight, twice);
  };
  bool isSplit = places[0].isSplit() || places[1].isSplit();
  return extractCode(b, places, load(places[0].byte), isSplit ? load(places[0].byte + 1) : Value());
}

Values QuadSums::add(ValueRange sums, const AttentionTile &tile, Value values, Value quad,
                     int64_t first, int64_t vectors) {
  const CachePool &pool = geometry.cache.values;
  Value row = b.bytes(values, b.multiply(quad, pool.rowBytes()));
  Values next(sums), codes;
  for (int64_t v = first; v < first + vectors; ++v)
    codes.push_back(loadCodes(row, v));
  for (int64_t q = 0; q < tile.queries; ++q) {
    Value weights = b.element(b.getI32Type(), tile.query(b, q), geometry.scaledWeightOffset());
    WideDot::Factor factor = dot.factor(b.bytes(weights, b.multiply(quad, kQuad)), kPageTokens);
    for (int64_t v = 0; v < vectors; ++v) {
      Value *both = &next[2 * (q * vectors + v)];
      auto [low, high] = dot.add({both[0], both[1]}, codes[v], factor);
      both[0] = low;
      both[1] = high;
    }
  }
  return next;
}
