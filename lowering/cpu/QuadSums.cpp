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

Values QuadSums::add(ValueRange sums, const AttentionTile &tile, Value values, Value quad,
                     int64_t first, int64_t vectors) {
  const CachePool &pool = geometry.cache.values;
  auto bytes = VectorType::get(kLanes * kQuad, b.getI8Type());
  int64_t shared = pool.codesPerByte();
  Value row = b.bytes(values, b.multiply(quad, pool.rowBytes()));
  Values next(sums), codes, together; // vectors that share bytes
  for (int64_t v = first; v < first + vectors; ++v) {
    if (together.empty() || v % shared == 0)
      together = dot.unpack(b.load(bytes, b.bytes(row, v / shared * kLanes * kQuad)),
                            pool.format.storedBits());
    codes.push_back(together[v % shared]);
  }
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
