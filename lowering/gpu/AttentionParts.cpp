//===- AttentionParts.cpp - what both attention kernels do ----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/AttentionParts.h"
#include "lowering/gpu/CacheWriter.h"
#include "lowering/gpu/SasExponential.h"
#include "lowering/gpu/SharedTile.h"
#include <cmath>
#include <limits>
#include <numbers>

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;
using llvm::ArrayRef;
using llvm::SmallVector;

SoftmaxRow SoftmaxRow::begin(PtxBuilder &b) {
  return {b.f32(-std::numeric_limits<double>::infinity()), b.f32(0)};
}

SoftmaxRow SoftmaxRow::beginUnseen(PtxBuilder &b) {
  // Below any score, but a number: what is not seen weighs nothing against it. A power of two,
  // whose product with the scale is exact, so that it is no distance from itself.
  return {b.f32(-std::ldexp(1.0, 100)), b.f32(0)};
}

SmallVector<Scalar> SoftmaxRow::update(PtxBuilder &b, ArrayRef<std::pair<Scalar, Scalar>> scores,
                                       double scale, llm::SasAttr sas, Scalar &correction) {
  Scalar best = maximum;
  for (auto [first, second] : scores)
    best = max(best, max(first, second));
  best = b.warpMax(best, /*lanes=*/4);
  Scalar factor = b.f32(scale), shift = best * b.f32(-scale);
  correction = b.exp2(fma(maximum, factor, shift));
  maximum = best;
  sum = sum * correction;
  auto weigh = [&](Scalar score) {
    if (!sas)
      return b.exp2(fma(score, factor, shift));
    return sasExponential(b, sas, (best - score) * b.f32(scale * std::numbers::ln2));
  };
  SmallVector<Scalar> words;
  for (auto [first, second] : scores) {
    words.push_back(b.packBf16(weigh(first), weigh(second)));
    sum = sum + (b.lowFloat(words.back()) + b.highFloat(words.back()));
  }
  return words;
}

SmallVector<Scalar> ptx::loadQueryChunk(PtxBuilder &b, Value head, Scalar dim, int64_t headDim,
                                        Access access, Scalar valid) {
  SmallVector<Value> zeros(4, b.i32(0));
  SmallVector<Value> words = b.ifElse(valid & (dim < headDim), zeros, [&]() -> SmallVector<Value> {
    if (headDim % kChunk == 0)
      return llvm::to_vector_of<Value>(
          b.loadWords(b.elementPtr(head, b.getBF16Type(), dim), access));
    // Heads of such sizes start anywhere.
    SmallVector<Value> packed;
    for (int64_t i = 0; i < kChunk; i += 2) {
      auto element = [&](int64_t offset) {
        Scalar index = dim + offset;
        Scalar value =
            b.loadFloats(head, b.getBF16Type(), min(index, b.i32(headDim - 1)), 1, access).front();
        return select(index < headDim, value, b.f32(0));
      };
      packed.push_back(b.packBf16(element(i), element(i + 1)));
    }
    return packed;
  });
  return llvm::map_to_vector(words, [&](Value word) { return b.wrap(word); });
}

SmallVector<Scalar> ptx::loadQueryPairs(PtxBuilder &b, Value head, Scalar place, int64_t headDim,
                                        Access access, Scalar valid) {
  constexpr int64_t pairs = kChunk / 2;
  int64_t half = headDim / 2, width = half % pairs == 0 ? pairs : 1; // loaded at once
  SmallVector<Value> zeros(pairs, b.i32(0));
  SmallVector<Value> words =
      b.ifElse(valid & (place < headDim), zeros, [&]() -> SmallVector<Value> {
        SmallVector<Value> packed;
        for (int64_t i = 0; i < pairs; i += width) {
          Scalar first = min(place / 2 + i, b.i32(half - width));
          auto low = b.loadFloats(head, b.getBF16Type(), first, unsigned(width), access);
          auto high = b.loadFloats(head, b.getBF16Type(), first + half, unsigned(width), access);
          for (int64_t j = 0; j < width; ++j)
            packed.push_back(
                select(place / 2 + (i + j) < half, b.packBf16(low[j], high[j]), b.i32(0)));
        }
        return packed;
      });
  return llvm::map_to_vector(words, [&](Value word) { return b.wrap(word); });
}

void ptx::storeRow(WarpHead &head, const CachePool &pool, Value row, Type element) {
  if (pool.inPairs())
    head.storePairs(row, element, pool.paddedDim());
  else
    head.store(row, element, pool.paddedDim());
}

void ptx::appendHead(PtxBuilder &b, WarpHead &head, const CachePool &pool, Value block,
                     Scalar token, Value scratch, Scalar lane) {
  if (pool.isPlain()) {
    // Attention reads whole units of the row.
    Value row = b.elementPtr(block, b.getBF16Type(), token * pool.paddedDim());
    storeRow(head, pool, row, b.getBF16Type());
    return;
  }
  storeRow(head, pool, scratch, b.getF32Type());
  b.warpBarrier();
  CacheWriter(b, pool, lane).append(scratch, block, token);
}
