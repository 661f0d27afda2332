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

constexpr uint64_t pieceBytes = 1 << 18;
constexpr uint64_t minBytes = 4 * pieceBytes;
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
    : memory(bufferBytes(bytes), "the read bandwidth test", PageSize::Huge),
      pieces(uint32_t(memory.bytes().size() / pieceBytes)), pool(threads) {
  // Pages that were never written are all the same page of zeros.
  std::memset(memory.bytes().data(), 0x5a, memory.bytes().size());
}

void ReadBandwidth::runPiece(uint32_t, uint32_t piece, unsigned) {
  const Line *lines = reinterpret_cast<const Line *>(memory.bytes().data());
  size_t total = memory.bytes().size() / sizeof(Line);
  size_t begin = total * piece / pieces, end = total * (piece + 1) / pieces;
  Line sum = {};
  readLines(lines + begin, end - begin, sum);
  asm volatile("" : : "m"(sum)); // The reads have a use.
}

double ReadBandwidth::readOnce() {
  auto start = std::chrono::steady_clock::now();
  pool.run(*this);
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
