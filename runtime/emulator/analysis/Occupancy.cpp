//===- Occupancy.cpp - blocks that a multiprocessor can hold --------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/analysis/Occupancy.h"

#include <algorithm>

using namespace qopt;
using namespace qopt::emulator;

// The same on sm_80 and sm_90.
static constexpr uint32_t kWarps = 64;
static constexpr uint32_t kBlocks = 32;
static constexpr uint32_t kRegisters = 65536;
static constexpr uint32_t kRegisterGranule = 256; ///< registers of a warp
static constexpr uint32_t kWarpGranule = 4;       ///< warps are spread over four schedulers
static constexpr uint32_t kSharedGranule = 128;   ///< bytes
static constexpr uint32_t kReservedShared = 1024; ///< bytes of each block, for the system

static uint32_t roundUp(uint32_t value, uint32_t granule) {
  return (value + granule - 1) / granule * granule;
}

static std::optional<uint32_t> sharedBytesOf(std::string_view chip) {
  if (chip == "sm_80")
    return 164 << 10;
  if (chip == "sm_90" || chip == "sm_90a")
    return 228 << 10;
  return std::nullopt;
}

std::optional<double> emulator::occupancyBound(std::string_view chip, const BlockResources &block) {
  std::optional<uint32_t> sharedBytes = sharedBytesOf(chip);
  if (!sharedBytes || block.threads == 0)
    return std::nullopt;
  uint32_t warps = (block.threads + 31) / 32;
  uint32_t blocks = std::min(kBlocks, kWarps / warps);
  if (block.registers && *block.registers != 0) {
    uint32_t perWarp = roundUp(*block.registers * 32, kRegisterGranule);
    uint32_t resident = kRegisters / perWarp / kWarpGranule * kWarpGranule;
    blocks = std::min(blocks, resident / warps);
  }
  uint32_t shared = roundUp(block.sharedBytes + kReservedShared, kSharedGranule);
  blocks = std::min(blocks, *sharedBytes / shared);
  return double(blocks * warps) / kWarps;
}
