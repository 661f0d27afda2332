//===- CacheGeometry.cpp - where keys and values lie ---------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/CacheGeometry.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

static constexpr int64_t kBlockAlignment = 64;

int64_t CachePool::bits() const {
  int64_t bits = format.storedBits();
  bool isWhole = llvm::isPowerOf2_64(uint64_t(bits));
  int64_t elements = (isKey ? kQuad : kEight) * codesTogether(bits);
  if (isWhole || !isLinear() || groupSize() % elements == 0)
    return bits;
  return int64_t(llvm::PowerOf2Ceil(uint64_t(bits)));
}

int64_t CachePool::codesPerByte() const {
  int64_t bits = this->bits();
  return bits < 8 && 8 % bits == 0 ? 8 / bits : 1;
}

int64_t CachePool::unitBytes() const { return std::max<int64_t>(1, bits() / 8); }

int64_t CachePool::codeRows() const {
  int64_t together = isLinear() ? kQuad : 1;
  if (!isKey)
    return kPageTokens / together;
  return int64_t(llvm::divideCeil(headDim, rowCodes() * together));
}

int64_t CachePool::rowBytes() const {
  int64_t together = isLinear() ? kQuad : 1;
  return together * (isKey ? kPageTokens * rowCodes() : paddedDim()) * bits() / 8;
}

int64_t CachePool::scaleOffset() const { return rowBytes() * codeRows(); }

int64_t CachePool::scaleCount() const {
  return format.channels ? kPageTokens / format.group * channels() : groups() * kPageTokens;
}

int64_t CachePool::zeroOffset() const {
  return scaleOffset() + (format.storesScales() ? scaleCount() * scaleBytes() : 0);
}

int64_t CachePool::tileScaleOffset() const {
  return zeroOffset() + (format.storesZeros() ? scaleCount() * zeroBytes() : 0);
}

int64_t CachePool::blockBytes() const {
  int64_t tileScales = format.progressive ? kPageTokens / format.group * 2 : 0;
  return llvm::alignTo(tileScaleOffset() + tileScales, kBlockAlignment);
}

Value CachePool::block(CodeBuilder &b, Value pool, Value page, Value head) const {
  return b.bytes(pool, b.multiply(b.add(b.multiply(page, kvHeads), head), blockBytes()));
}

Value CachePool::scaleAddress(CodeBuilder &b, Value block, Value group, Value token) const {
  Value index = b.add(b.multiply(group, kPageTokens), token);
  return b.bytes(block, b.add(b.multiply(index, scaleBytes()), scaleOffset()));
}

Value CachePool::zeroAddress(CodeBuilder &b, Value block, Value group, Value token) const {
  Value index = b.add(b.multiply(group, kPageTokens), token);
  return b.bytes(block, b.add(b.multiply(index, 2), zeroOffset()));
}

Value CachePool::channelScaleAddress(CodeBuilder &b, Value block, Value tokenGroup,
                                     Value channel) const {
  Value index = b.add(b.multiply(tokenGroup, channels()), channel);
  return b.bytes(block, b.add(b.multiply(index, scaleBytes()), scaleOffset()));
}

Value CachePool::channelZeroAddress(CodeBuilder &b, Value block, Value tokenGroup,
                                    Value channel) const {
  Value index = b.add(b.multiply(tokenGroup, channels()), channel);
  return b.bytes(block, b.add(b.multiply(index, zeroBytes()), zeroOffset()));
}

Value CachePool::tileScaleAddress(CodeBuilder &b, Value block, Value tokenGroup) const {
  return b.bytes(block, b.add(b.multiply(tokenGroup, 2), tileScaleOffset()));
}

CacheGeometry CacheGeometry::of(llm::CacheOp cache) {
  auto pool = [&](StringRef format, bool isKey) {
    return CachePool{parseCacheFormat(std::string_view(format)), isKey, int64_t(cache.getKvHeads()),
                     int64_t(cache.getHeadDim())};
  };
  return {pool(cache.getK(), true), pool(cache.getV(), false)};
}

FailureOr<CacheGeometry> CacheGeometry::get(Operation *op, FlatSymbolRefAttr symbol) {
  auto cache = SymbolTable::lookupNearestSymbolFrom<llm::CacheOp>(op, symbol);
  if (!cache)
    return op->emitOpError() << "there is no llm.cache " << symbol;
  return of(cache);
}

int64_t CacheGeometry::paddedDim() const { return std::max(keys.paddedDim(), values.paddedDim()); }
