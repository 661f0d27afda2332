//===- ReadBandwidth.cpp - how fast memory can be read --------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/ReadBandwidth.h"

#include <algorithm>
#include <chrono>
#include <cstring>

using namespace qopt;

namespace {

/// A cache line; the compiler uses what vectors it has.
using Line = uint64_t __attribute__((vector_size(64)));

constexpr uint64_t pieceBytes = 1 << 20;
constexpr uint64_t minBytes = 1 << 20;
constexpr uint64_t maxBytes = uint64_t(2) << 30;

} // namespace

/// Reads `lines` lines as four streams at once, each prefetched some lines ahead: one stream alone
/// waits at every 4 KiB page, where the hardware stops reading ahead.
static void readLines(const Line *data, size_t lines, Line &result) {
  constexpr size_t streams = 4, ahead = 24;
  const size_t length = lines / streams;
  Line sums[streams] = {};
  for (size_t i = 0; i < length; ++i)
    for (size_t s = 0; s < streams; ++s) {
      __builtin_prefetch(data + s * length + i + ahead);
      sums[s] ^= data[s * length + i];
    }
  for (size_t i = streams * length; i < lines; ++i)
    sums[0] ^= data[i];
  result ^= sums[0] ^ sums[1] ^ sums[2] ^ sums[3];
}

/// Whole lines, and enough for the reading to outweigh the starting.
static uint64_t bufferBytes(uint64_t bytes) {
  return std::clamp(bytes, minBytes, maxBytes) / sizeof(Line) * sizeof(Line);
}

ReadBandwidth::ReadBandwidth(uint64_t bytes, unsigned threads)
    : memory(bufferBytes(bytes), "the read bandwidth test", PageSize::Huge), pool(threads) {
  // Pages that were never written are all the same page of zeros.
  pool.run([&](unsigned worker) {
    uint64_t part = memory.bytes().size() / pool.size();
    std::memset(memory.bytes().data() + worker * part, 0x5a, part);
  });
}

double ReadBandwidth::readOnce() {
  const Line *lines = reinterpret_cast<const Line *>(memory.bytes().data());
  const size_t total = memory.bytes().size() / sizeof(Line);
  // As a device hands out work: in pieces, so that no thread waits for a slower one.
  const size_t piece =
      std::clamp(total / (size_t(pool.size()) * 8), size_t(1), size_t(pieceBytes / sizeof(Line)));
  std::atomic<size_t> next = 0;
  auto start = std::chrono::steady_clock::now();
  pool.run([&](unsigned) {
    Line sum = {};
    for (size_t begin; (begin = next.fetch_add(piece)) < total;)
      readLines(lines + begin, std::min(piece, total - begin), sum);
    asm volatile("" : : "m"(sum)); // The reads have a use.
  });
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double ReadBandwidth::measure() {
  double best = readOnce(), spent = 0;
  for (int pass = 0; pass < 5 || spent < 0.05; ++pass) {
    double seconds = readOnce();
    best = std::min(best, seconds);
    spent += seconds;
  }
  return double(bytes()) / best;
}
