//===- KvCache.h - paged keys and values of sequences -----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_SESSION_KVCACHE_H
#define QOPT_RUNTIME_SESSION_KVCACHE_H

#include "runtime/device/Device.h"
#include "runtime/session/PageAllocator.h"

namespace qopt {

/// Names a sequence for as long as it lives.
using SequenceId = int32_t;

/// The pools of all layers' caches and which of their pages belong to which sequence. One page
/// number stands for the same page of every pool. Sequences that were forked share pages until one
/// of them writes into a page.
class KvCache {
public:
  /// Reserves address space for `maxSequences` of `context` tokens; memory is used page by page.
  /// Throws an Error if that is refused.
  KvCache(const Plan &plan, Device &device, int64_t context, int64_t maxSequences);

  /// Throws an Error unless all of it fits into the memory that is free.
  void requireMemory() const;

  /// Throws an Error beyond maxSequences.
  SequenceId add();
  SequenceId fork(SequenceId sequence);
  void remove(SequenceId sequence);
  bool contains(SequenceId sequence) const;

  int64_t length(SequenceId sequence) const { return sequences[size_t(sequence)].length; }
  /// Makes room for `tokens` more, which the caller then writes; they count from now on.
  void extend(SequenceId sequence, int64_t tokens);
  /// The same with keys and values at random, for measurements: small numbers, and codes that every
  /// table has.
  void extendAtRandom(SequenceId sequence, int64_t tokens);
  /// Forgets all but the first `tokens`. Throws an Error if what windows held at that length is
  /// overwritten.
  void truncate(SequenceId sequence, int64_t tokens);
  /// The page of every `pageTokens` tokens.
  std::span<const int32_t> pages(SequenceId sequence) const {
    return sequences[size_t(sequence)].pages;
  }

  /// Whether the newest tokens are kept apart (CacheFormat::residual).
  bool hasWindows() const { return !windows.empty(); }
  /// Tokens of one sequence that a step may append at most.
  int64_t tokensPerStep() const;

  int64_t maxPages() const { return pagesPerSequence; } ///< Of one sequence.
  int64_t pagesUsed() const { return allocator.used(); }
  /// Bytes of a page in all pools together.
  uint64_t pageBytes() const;
  /// The keys or values of a sequence's tokens in one cache of the plan, [length, kv_heads *
  /// head_dim]. Throws an Error unless they are stored as f32.
  std::vector<float> rows(SequenceId sequence, size_t cache, CachePart part) const;
  void bindTo(Bindings &bindings) const;

private:
  struct Sequence {
    bool isLive = false;
    int64_t length = 0;
    std::vector<int32_t> pages;
  };
  struct Pool {
    std::unique_ptr<DeviceBuffer> buffer;
    uint64_t pageBytes;
  };

  /// The newest tokens of all sequences, by id, in one pool; no buffer where it has none.
  struct Window {
    std::unique_ptr<DeviceBuffer> buffer;
    uint64_t sequenceBytes;
  };

  void copyPage(int32_t from, int32_t to);

  Device &device;
  int64_t pageTokens;
  int64_t pagesPerSequence;
  PageAllocator allocator;
  std::vector<Sequence> sequences; ///< By id.
  std::vector<Pool> pools;         ///< K and V of each cache in turn.
  std::vector<Window> windows;     ///< Likewise; empty where no cache has any.
};

} // namespace qopt

#endif // QOPT_RUNTIME_SESSION_KVCACHE_H
