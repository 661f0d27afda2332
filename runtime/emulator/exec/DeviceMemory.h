//===- DeviceMemory.h - the global memory of the emulated device -*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_EXEC_DEVICEMEMORY_H
#define QOPT_RUNTIME_EMULATOR_EXEC_DEVICEMEMORY_H

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace qopt::emulator {

// The eight upper bits of a generic address say where it points. Host addresses have zeros there,
// so that the host cannot read device memory by accident.
inline constexpr unsigned kWindowShift = 56;
inline constexpr uint64_t kGlobalWindow = uint64_t(1) << kWindowShift;
inline constexpr uint64_t kSharedWindow = uint64_t(2) << kWindowShift;
inline constexpr uint64_t kLocalWindow = uint64_t(3) << kWindowShift;
inline constexpr uint64_t kParamWindow = uint64_t(4) << kWindowShift;
inline constexpr uint64_t kWindowMask = ~uint64_t(0) << kWindowShift;

/// Device addresses [begin, end), which lie at `host` in this process.
struct Allocation {
  uint64_t begin = 0, end = 0;
  std::byte *host = nullptr;
  std::atomic<bool> *written = nullptr; ///< whether some kernel has written there

  void noteWrite() const {
    if (!written->load(std::memory_order_relaxed))
      written->store(true, std::memory_order_relaxed);
  }
};

/// Allocations by address, with gaps between them in which every access is out of bounds. Not to be
/// changed while a kernel runs.
class DeviceMemory {
public:
  explicit DeviceMemory(uint64_t capacity) : capacity(capacity) {}

  /// The address of `bytes` new bytes, a multiple of 256; 0 if fewer are free.
  uint64_t allocate(uint64_t bytes);
  /// False if nothing was allocated at `address`.
  bool release(uint64_t address);

  /// Page-locked memory of the host, which kernels can use under its own address; null if there is
  /// none.
  void *allocateHost(uint64_t bytes);
  bool releaseHost(void *pointer);

  /// The allocation that has all of [address, address + bytes), or null.
  const Allocation *find(uint64_t address, uint64_t bytes) const;
  /// In words, for an access that hit none: "12 bytes past the end of the 1024 bytes at 0x...".
  std::string describe(uint64_t address) const;

  uint64_t total() const { return capacity; }
  uint64_t free() const { return capacity - used; }
  void setCapacity(uint64_t bytes) { capacity = bytes; }

private:
  struct Block {
    Allocation allocation;
    std::unique_ptr<std::byte[]> storage;
    std::unique_ptr<std::atomic<bool>> written;
    bool isHost = false;
  };
  const Allocation &insert(uint64_t bytes, uint64_t window);
  bool erase(uint64_t address, bool isHost);

  uint64_t capacity;
  uint64_t used = 0;
  std::map<uint64_t, Block> blocks; ///< by begin
};

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_EXEC_DEVICEMEMORY_H
