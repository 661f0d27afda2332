//===- CacheLayout.cpp - where a token's keys and values lie --------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/check/CacheLayout.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"

using namespace qopt;

bool qopt::hasPlainElements(const PlanCache &cache) {
  auto isPlain = [](const PlanCachePool &pool) {
    const std::optional<DType> type = parseDType(pool.format);
    return type == DType::F32 || type == DType::BF16;
  };
  return isPlain(cache.key) && isPlain(cache.value);
}

CacheLayout::CacheLayout(const PlanCache &cache, CachePart part, int64_t pageTokens)
    : kvHeads(cache.kvHeads), blockBytes(cache.pool(part).blockBytes) {
  const PlanCachePool &pool = cache.pool(part);
  std::optional<DType> type = parseDType(pool.format);
  if (type != DType::F32 && type != DType::BF16)
    fail("cache {} has the format {}; f32 and bf16 can be checked", quote(cache.name),
         quote(pool.format));
  elementType = *type;
  if (pool.layout == "dim_major") {
    tokenStep = 1;
    dimStep = pageTokens;
  } else if (pool.layout == "token_major") {
    tokenStep = blockBytes / (pageTokens * int64_t(byteSize(elementType)));
    dimStep = 1;
  } else {
    fail("cache {} has the layout {}, which is unknown", quote(cache.name), quote(pool.layout));
  }
}
