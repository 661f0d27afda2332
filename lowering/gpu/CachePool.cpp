//===- CachePool.cpp - where keys and values lie on GPUs ------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/CachePool.h"
#include "llvm/Support/MathExtras.h"
#include <bit>

using namespace qopt;
using namespace qopt::ptx;

CachePool CachePool::of(llm::CacheOp cache, bool isKey) {
  return {parseCacheFormat(isKey ? cache.getK() : cache.getV()), isKey, int64_t(cache.getKvHeads()),
          int64_t(cache.getHeadDim())};
}

int64_t CachePool::unitElements() const {
  int64_t whole = 128 / bits();
  if (!isKey)
    return std::min<int64_t>(whole, headDim <= 64 ? 8 : 16);
  // No more than a small head has, but words.
  int64_t least = std::max<int64_t>(8, 32 / bits());
  return std::min(whole, std::max(least, int64_t(std::bit_ceil(uint64_t(headDim)))));
}

int64_t CachePool::unitTokens() const {
  return isKey ? 1 : std::min<int64_t>(4, 128 / (unitElements() * bits()));
}

int64_t CachePool::unitsPerRow() const { return llvm::divideCeil(headDim, unitElements()); }

int64_t CachePool::scaleOffset() const {
  return kPageTokens / unitTokens() * unitsPerRow() * unitBytes();
}

int64_t CachePool::zeroOffset() const {
  return scaleOffset() + (format.storesScales() ? kPageTokens * groups() * scaleBytes() : 0);
}

int64_t CachePool::blockBytes() const {
  return zeroOffset() + (format.storesZeros() ? kPageTokens * groups() * 2 : 0);
}
