//===- KvCache.cpp - paged keys and values of sequences -------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/session/KvCache.h"

#include "runtime/formats/Error.h"
#include "runtime/quantization/CacheFormat.h"
#include <algorithm>
#include <cassert>
#include <cstring>
#include <random>

using namespace qopt;

KvCache::KvCache(const Plan &plan, Device &device, int64_t context, int64_t maxSequences)
    : device(device), pageTokens(plan.pageTokens),
      pagesPerSequence((context + pageTokens - 1) / pageTokens), sequences(size_t(maxSequences)) {
  int64_t capacity = pagesPerSequence * maxSequences;
  if (capacity > std::numeric_limits<int32_t>::max())
    fail("{} sequences of {} tokens need {} pages of cache; ask for fewer or for a smaller --ctx",
         maxSequences, context, capacity);
  for (const PlanCache &cache : device.target().caches)
    for (CachePart part : {CachePart::Key, CachePart::Value}) {
      uint64_t bytes = uint64_t(cache.kvHeads * cache.pool(part).blockBytes), total;
      if (__builtin_mul_overflow(bytes, uint64_t(capacity), &total))
        fail("cache '{}' of {} sequences of {} tokens is beyond the address space", cache.name,
             maxSequences, context);
      pools.push_back({device.allocate(total, "the key-value cache (try a smaller --ctx)"), bytes});
    }
  if (std::ranges::none_of(device.target().caches, &PlanCache::hasWindow))
    return;
  for (const PlanCache &cache : device.target().caches)
    for (CachePart part : {CachePart::Key, CachePart::Value}) {
      const uint64_t bytes = uint64_t(cache.kvHeads * cache.pool(part).windowBytes);
      windows.push_back({bytes == 0 ? nullptr
                                    : device.allocate(bytes * uint64_t(maxSequences),
                                                      "the newest keys and values"),
                         bytes});
    }
}

void KvCache::requireMemory() const {
  const std::optional<uint64_t> free = device.freeMemory();
  uint64_t needed = 0;
  for (const Pool &pool : pools)
    needed += pool.buffer->size();
  for (const Window &window : windows)
    needed += window.sequenceBytes * sequences.size();
  if (!free || needed <= *free)
    return;
  const int64_t tokens = pagesPerSequence * pageTokens;
  fail("the key-value cache of {} sequences of {} tokens takes {:.1f} GB, but {:.1f} GB of memory "
       "are "
       "free, enough for {} tokens in all; ask for fewer or for a smaller --ctx, or compile with "
       "--compress-kv",
       sequences.size(), tokens, double(needed) / 1e9, double(*free) / 1e9,
       *free / pageBytes() * uint64_t(pageTokens));
}

int64_t KvCache::tokensPerStep() const { return hasWindows() ? kWindowTokens / 2 : maxStepRows; }

bool KvCache::contains(SequenceId sequence) const {
  return sequence >= 0 && size_t(sequence) < sequences.size() && sequences[size_t(sequence)].isLive;
}

SequenceId KvCache::add() {
  auto free = std::ranges::find(sequences, false, &Sequence::isLive);
  if (free == sequences.end())
    fail("all {} sequences of the session are in use", sequences.size());
  free->isLive = true;
  return SequenceId(free - sequences.begin());
}

SequenceId KvCache::fork(SequenceId sequence) {
  assert(contains(sequence));
  SequenceId copy = add();
  sequences[size_t(copy)] = sequences[size_t(sequence)];
  for (int32_t page : pages(copy))
    allocator.retain(page);
  for (Window &window : windows)
    if (window.buffer)
      device.copy(*window.buffer, uint64_t(sequence) * window.sequenceBytes,
                  uint64_t(copy) * window.sequenceBytes, window.sequenceBytes);
  return copy;
}

void KvCache::remove(SequenceId sequence) {
  assert(contains(sequence));
  for (int32_t page : pages(sequence))
    allocator.release(page);
  sequences[size_t(sequence)] = {};
}

void KvCache::extend(SequenceId id, int64_t tokens) {
  assert(contains(id));
  Sequence &sequence = sequences[size_t(id)];
  // Of the pages there are, only the last can be written, if it is not full.
  bool writesLastPage = tokens > 0 && sequence.length % pageTokens != 0;
  if (writesLastPage && allocator.isShared(sequence.pages.back())) {
    int32_t own = allocator.allocate();
    copyPage(sequence.pages.back(), own);
    allocator.release(sequence.pages.back());
    sequence.pages.back() = own;
  }
  sequence.length += tokens;
  while (int64_t(sequence.pages.size()) * pageTokens < sequence.length)
    sequence.pages.push_back(allocator.allocate());
}

/// Bytes that are small numbers as f32, bf16 and f16, among codes as well as scales, or of formats
/// with tables indices below 8.
static std::vector<std::byte> randomBytes(const std::string &format, uint64_t count) {
  using Code = CacheFormat::Code;
  const Code code = format == "f32" ? Code::Native : parseCacheFormat(format).code;
  const bool isTable = code == Code::Uniform || code == Code::LloydMax;
  const uint64_t varying = isTable ? 0x0707070707070707 : 0x807f807f807f807f;
  const uint64_t fixed = isTable ? 0 : 0x2d002d002d002d00;
  std::vector<std::byte> bytes(count);
  std::mt19937_64 engine(1);
  for (uint64_t i = 0; i + sizeof(uint64_t) <= count; i += sizeof(uint64_t)) {
    const uint64_t bits = (engine() & varying) | fixed;
    std::memcpy(&bytes[i], &bits, sizeof(bits));
  }
  return bytes;
}

void KvCache::extendAtRandom(SequenceId id, int64_t tokens) {
  const size_t first = pages(id).size();
  extend(id, tokens);
  for (size_t i = 0; i < pools.size(); ++i) {
    const PlanCache &cache = device.target().caches[i / 2];
    const std::string &format = cache.pool(i % 2 ? CachePart::Value : CachePart::Key).format;
    const std::vector<std::byte> bytes = randomBytes(format, pools[i].pageBytes);
    for (int32_t page : pages(id).subspan(first))
      device.write(*pools[i].buffer, uint64_t(page) * pools[i].pageBytes, bytes);
  }
  for (const Window &window : windows)
    if (window.buffer)
      device.write(*window.buffer, uint64_t(id) * window.sequenceBytes,
                   randomBytes("f16", window.sequenceBytes));
}

void KvCache::truncate(SequenceId id, int64_t tokens) {
  assert(contains(id) && tokens <= length(id));
  Sequence &sequence = sequences[size_t(id)];
  if (hasWindows() && tokens > 0 && sequence.length - tokens > kWindowTokens / 2)
    fail("a sequence of {} tokens cannot go back to {}: the cache keeps the newest {} unquantized, "
         "and those before them are coded",
         sequence.length, tokens, kWindowTokens / 2);
  sequence.length = tokens;
  const size_t needed = size_t((tokens + pageTokens - 1) / pageTokens);
  for (; sequence.pages.size() > needed; sequence.pages.pop_back())
    allocator.release(sequence.pages.back());
}

void KvCache::copyPage(int32_t from, int32_t to) {
  for (Pool &pool : pools)
    device.copy(*pool.buffer, uint64_t(from) * pool.pageBytes, uint64_t(to) * pool.pageBytes,
                pool.pageBytes);
}

uint64_t KvCache::pageBytes() const {
  uint64_t total = 0;
  for (const Pool &pool : pools)
    total += pool.pageBytes;
  return total;
}

std::vector<float> KvCache::rows(SequenceId id, size_t index, CachePart part) const {
  const PlanCache &cache = device.target().caches[index];
  const PlanCachePool &plan = cache.pool(part);
  if (plan.format != "f32")
    fail("cache '{}' is stored as {}: only one that is not compressed can be read", cache.name,
         plan.format);
  const bool isDimMajor = plan.layout == "dim_major";
  const int64_t blockElements = plan.blockBytes / int64_t(sizeof(float));
  const int64_t tokenStep = isDimMajor ? 1 : blockElements / pageTokens;
  const int64_t dimStep = isDimMajor ? pageTokens : 1;
  const Pool &pool = pools[2 * index + (part == CachePart::Value)];
  std::vector<float> result;
  for (int64_t token = 0; token < length(id); ++token) {
    const uint64_t page = uint64_t(pages(id)[size_t(token / pageTokens)]);
    const std::span<const std::byte> bytes =
        device.view(*pool.buffer, page * pool.pageBytes, pool.pageBytes);
    const auto *blocks = reinterpret_cast<const float *>(bytes.data());
    for (int64_t head = 0; head < cache.kvHeads; ++head)
      for (int64_t dim = 0; dim < cache.headDim; ++dim)
        result.push_back(
            blocks[head * blockElements + token % pageTokens * tokenStep + dim * dimStep]);
  }
  return result;
}

void KvCache::bindTo(Bindings &bindings) const {
  auto windowAddress = [&](size_t i) {
    return hasWindows() && windows[i].buffer ? windows[i].buffer->address() : uint64_t(0);
  };
  bindings.maxPages = pagesPerSequence;
  for (size_t i = 0; i < pools.size(); i += 2)
    bindings.caches.push_back({pools[i].buffer->address(), pools[i + 1].buffer->address(),
                               windowAddress(i), windowAddress(i + 1)});
}
