//===- DeviceMemory.cpp - the global memory of the emulated device --------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/DeviceMemory.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <new>

using namespace qopt;
using namespace qopt::emulator;

static constexpr uint64_t kAlignment = 256;
/// Unused bytes on both sides.
static constexpr uint64_t kGap = 256;

/// `kGap` bytes, the allocation, at least `kGap` bytes. Contents are arbitrary, as on a device.
const Allocation &DeviceMemory::insert(uint64_t bytes, uint64_t window) {
  Block block;
  block.storage.reset(new std::byte[bytes + 2 * kGap + kAlignment]);
  auto address = reinterpret_cast<uint64_t>(block.storage.get()) + kGap;
  uint64_t aligned = (address + kAlignment - 1) & ~(kAlignment - 1);
  block.allocation.host = block.storage.get() + kGap + (aligned - address);
  block.allocation.begin = aligned | window;
  block.allocation.end = block.allocation.begin + bytes;
  block.isHost = window == 0;
  block.written = std::make_unique<std::atomic<bool>>(false);
  block.allocation.written = block.written.get();
  return blocks.emplace(block.allocation.begin, std::move(block)).first->second.allocation;
}

bool DeviceMemory::erase(uint64_t address, bool isHost) {
  auto found = blocks.find(address);
  if (found == blocks.end() || found->second.isHost != isHost)
    return false;
  const Allocation &allocation = found->second.allocation;
  if (!isHost)
    used -= allocation.end - allocation.begin;
  blocks.erase(found);
  return true;
}

uint64_t DeviceMemory::allocate(uint64_t bytes) {
  if (used > capacity || bytes > capacity - used)
    return 0;
  try {
    uint64_t address = insert(bytes, kGlobalWindow).begin;
    used += bytes;
    return address;
  } catch (const std::bad_alloc &) {
    return 0;
  }
}

bool DeviceMemory::release(uint64_t address) { return erase(address, false); }

void *DeviceMemory::allocateHost(uint64_t bytes) {
  try {
    return insert(bytes, 0).host;
  } catch (const std::bad_alloc &) {
    return nullptr;
  }
}

bool DeviceMemory::releaseHost(void *pointer) {
  return erase(reinterpret_cast<uint64_t>(pointer), true);
}

const Allocation *DeviceMemory::find(uint64_t address, uint64_t bytes) const {
  auto next = blocks.upper_bound(address);
  if (next == blocks.begin())
    return nullptr;
  const Allocation &allocation = std::prev(next)->second.allocation;
  bool inside = address < allocation.end && bytes <= allocation.end - address;
  return inside ? &allocation : nullptr;
}

std::string DeviceMemory::describe(uint64_t address) const {
  auto next = blocks.upper_bound(address);
  uint64_t after = UINT64_MAX, before = UINT64_MAX;
  if (next != blocks.begin())
    after = address - std::min(address, std::prev(next)->second.allocation.end);
  if (next != blocks.end())
    before = next->first - address;
  if (std::min(after, before) > uint64_t(1) << 32)
    return "where nothing is allocated";
  auto describeBlock = [](const Allocation &allocation) {
    return fmt::format("the {} bytes at {:#x}", allocation.end - allocation.begin,
                       allocation.begin);
  };
  if (before < after)
    return fmt::format("{} bytes before {}", before, describeBlock(next->second.allocation));
  const Allocation &allocation = std::prev(next)->second.allocation;
  if (address < allocation.end)
    return fmt::format("{} bytes before the end of {}", allocation.end - address,
                       describeBlock(allocation));
  return fmt::format("{} bytes past the end of {}", after, describeBlock(allocation));
}
