//===- Counters.cpp - how well memory accesses of a warp fit the hardware -===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Counters.h"

#include <algorithm>

using namespace qopt;
using namespace qopt::emulator;

static constexpr unsigned kBanks = 32;
static constexpr unsigned kWordBytes = 4;
static constexpr unsigned kSectorBytes = 32;

/// The different numbers that `numbers` begins with, counted. Sorts them.
static size_t countDifferent(uint64_t *numbers, size_t count) {
  std::sort(numbers, numbers + count);
  return size_t(std::unique(numbers, numbers + count) - numbers);
}

void emulator::countGlobal(Statistics &statistics, const Addresses &addresses, LaneMask mask,
                           unsigned size, bool isStore) {
  uint64_t bytes = uint64_t(std::popcount(mask)) * size;
  (isStore ? statistics.globalBytesStored : statistics.globalBytesLoaded) += bytes;
  statistics.globalBytes128 += size == 16 ? bytes : 0;
  ++statistics.globalRequests;
  // Accesses are aligned to their size, so that none touches two sectors.
  std::array<uint64_t, kWarpSize> sectors;
  size_t count = 0;
  forEachLane(mask, [&](unsigned lane) {
    uint64_t sector = addresses[lane] / kSectorBytes;
    if (count == 0 || sectors[count - 1] != sector)
      sectors[count++] = sector;
  });
  bool ascending = std::is_sorted(sectors.begin(), sectors.begin() + count);
  statistics.globalSectors += ascending ? count : countDifferent(sectors.data(), count);
}

/// Cycles for the words of one part of a warp: those of the busiest bank.
static unsigned countWavefronts(uint64_t *words, size_t count) {
  count = countDifferent(words, count);
  std::array<uint8_t, kBanks> load = {};
  for (size_t i = 0; i < count; ++i)
    ++load[words[i] % kBanks];
  return *std::max_element(load.begin(), load.end());
}

void emulator::countShared(Statistics &statistics, const Addresses &offsets, LaneMask mask,
                           unsigned size) {
  ++statistics.sharedRequests;
  unsigned wordsPerLane = std::max(size / kWordBytes, 1u);
  unsigned lanesPerPart = kWarpSize / wordsPerLane;
  for (unsigned first = 0; first < kWarpSize; first += lanesPerPart) {
    std::array<uint64_t, kBanks> words;
    size_t count = 0;
    for (unsigned lane = first; lane < first + lanesPerPart; ++lane)
      for (unsigned i = 0; i < wordsPerLane && isActive(mask, lane); ++i)
        words[count++] = offsets[lane] / kWordBytes + i;
    if (count == 0)
      continue;
    unsigned wavefronts = countWavefronts(words.data(), count);
    statistics.sharedWavefronts += wavefronts;
    statistics.bankConflicts += wavefronts - 1;
  }
}
