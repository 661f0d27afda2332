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

llvm::SmallVector<int64_t, 3> CachePool::planes() const {
  int64_t bits = format.isNative() ? 16 : format.storedBits();
  llvm::SmallVector<int64_t, 3> widths;
  for (auto width = int64_t(std::bit_floor(uint64_t(bits))); width > 0; width /= 2)
    if (bits & width)
      widths.push_back(width);
  return widths;
}

int64_t CachePool::bits() const { return isSplit() ? 4 : planes().front(); }

int64_t CachePool::planeOffset(size_t plane) const {
  int64_t units = kPageTokens / unitTokens() * unitsPerRow(), offset = 0;
  llvm::SmallVector<int64_t, 3> widths = planes();
  for (size_t i = 0; i < plane; ++i)
    offset += units * unitBytes(widths[i]);
  return offset;
}

int64_t CachePool::unitElements() const {
  int64_t whole = 128 / bits();
  if (!isKey)
    return std::min<int64_t>(whole, headDim <= 64 ? 8 : 16);
  // No more than a lane's part of the head, but words.
  int64_t least = std::max<int64_t>(8, 32 / bits());
  int64_t part = int64_t(std::bit_ceil(uint64_t(llvm::divideCeil(headDim, 4))));
  return std::min(whole, std::max(least, part));
}

int64_t CachePool::unitTokens() const {
  return std::min<int64_t>(isKey ? 2 : 4, 128 / (unitElements() * bits()));
}

int64_t CachePool::unitsPerRow() const { return llvm::divideCeil(headDim, unitElements()); }

Scalar CachePool::unitRow(Scalar token) const {
  if (isKey && unitTokens() == 2)
    return token / 4 * 2 + token % 2;
  return unitTokens() == 1 ? token : token / unitTokens();
}

Scalar CachePool::placeInUnit(Scalar token) const {
  return isKey ? token / 2 % unitTokens() : token % unitTokens();
}

Scalar CachePool::codeOffset(Scalar token, Scalar place, size_t plane) const {
  int64_t bits = planes()[plane];
  Scalar unit = unitRow(token) * unitsPerRow() + place / unitElements();
  Scalar code = placeInUnit(token) * unitElements() + place % unitElements();
  return unit * unitBytes(bits) + code * bits / 8 + planeOffset(plane);
}

Scalar CachePool::placeOf(Scalar element) const {
  int64_t half = headDim / 2;
  return inPairs() ? element % half * 2 + element / half : element;
}

Scalar CachePool::firstToken(Scalar unitRow) const {
  if (isKey && unitTokens() == 2)
    return unitRow / 2 * 4 + unitRow % 2;
  return unitTokens() == 1 ? unitRow : unitRow * unitTokens();
}

int64_t CachePool::scaleCount() const {
  return format.channels ? kPageTokens / format.group * headDim : kPageTokens * groups();
}

int64_t CachePool::scaleOffset() const { return planeOffset(planes().size()); }

int64_t CachePool::zeroOffset() const {
  return scaleOffset() + (format.storesScales() ? scaleCount() * scaleBytes() : 0);
}

int64_t CachePool::tileScaleOffset() const {
  int64_t zeroBytes = format.progressive ? 1 : 2;
  return zeroOffset() + (format.storesZeros() ? scaleCount() * zeroBytes : 0);
}

int64_t CachePool::blockBytes() const {
  int64_t tiles = format.progressive ? kPageTokens / format.group : 0;
  return llvm::alignTo(tileScaleOffset() + tiles * 2, 16);
}
