//===- FloatValues.cpp - weighted sums of values read as f32 --------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/FloatValues.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

using Values = CodeBuilder::Values;

void FloatValues::scaleWeights(Value query, Value values, Value group) {
  for (int64_t token = 0; token < kPageTokens; token += kLanes) {
    Value weights = b.loadVector(f32, b.element(f32, query, weightOffset + token));
    Value scales = decoder.scales(values, group, b.i64(token));
    b.storeVector(b.mulf(weights, scales),
                  b.element(f32, query, geometry.scaledWeightOffset() + token));
  }
}

int64_t FloatValues::chunkOf(int64_t vectors) const {
  int64_t unit = pool.codesPerByte(), most = std::max(traits.attentionVectors, unit);
  int64_t chunks = llvm::divideCeil(vectors, most);
  return llvm::alignTo(llvm::divideCeil(vectors, chunks), unit);
}

int64_t FloatValues::tileQueries(int64_t chunk) const {
  return std::clamp<int64_t>(traits.accumulators / chunk, 1, 8);
}

void FloatValues::accumulate(const AttentionTile &tile, Value values, Value tokens,
                             int64_t firstVector, int64_t vectors,
                             llvm::function_ref<void(Value step)> prefetch) {
  int64_t stride = geometry.queryStride(), shared = pool.codesPerByte();
  auto outputAddress = [&](int64_t q, int64_t v) {
    return b.element(f32, tile.first,
                     q * stride + geometry.outputOffset() + (firstVector + v) * kLanes);
  };
  Values sums;
  for (int64_t q = 0; q < tile.queries; ++q) {
    Value correction =
        b.loadVector(f32, b.element(f32, tile.first, q * stride + geometry.correctionOffset()));
    for (int64_t v = 0; v < vectors; ++v)
      sums.push_back(b.mulf(b.loadVector(f32, outputAddress(q, v)), correction));
  }
  int64_t weights = pool.format.isScaled() ? geometry.scaledWeightOffset() : weightOffset;
  sums = b.loop(b.i64(0), tokens, 1, sums, [&](Value token, ValueRange current) {
    Value row = b.bytes(values, b.multiply(token, pool.rowBytes()));
    if (prefetch)
      prefetch(token);
    SmallVector<Values> loaded(vectors);
    return b.outerProduct(
        tile.queries, vectors, current,
        [&](int64_t q) {
          return b.load(f32, b.element(f32, tile.first, b.add(token, q * stride + weights)));
        },
        [&](int64_t v) {
          // A load may hold several vectors.
          Values &together = loaded[v / shared];
          if (together.empty())
            together = decoder.load(b.bytes(row, (firstVector + v) / shared * pool.vectorBytes()));
          return together[v % shared];
        });
  });
  for (auto [i, sum] : llvm::enumerate(sums))
    b.storeVector(sum, outputAddress(i / vectors, i % vectors));
}
