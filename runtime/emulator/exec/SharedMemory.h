//===- SharedMemory.h - shared memory of a block, and who touched it -*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_EXEC_SHAREDMEMORY_H
#define QOPT_RUNTIME_EMULATOR_EXEC_SHAREDMEMORY_H

#include "runtime/emulator/exec/Fault.h"
#include "runtime/emulator/exec/LaneLoop.h"
#include <algorithm>
#include <array>
#include <vector>

namespace qopt::emulator {

using Addresses = std::array<uint64_t, kWarpSize>;

/// The shared memory of the block that runs. For each granule (the size of the kernel's smallest
/// access) it remembers the last write and the last reads as stamps: when, and who. Time advances
/// at barriers, of the block or of a warp, and where one thread releases what others acquire. An
/// access is a race if another thread's access to the granule, one of them a write, is not older
/// than the last barrier of both, nor than what the warp acquired. Barriers of a part of the block
/// count as barriers of all, so that what is reported is a fault for certain.
class SharedMemory {
public:
  /// For blocks of one launch, with `granule` a power of two.
  void configure(uint32_t bytes, uint32_t granule, unsigned warps);
  /// Nothing is written, nobody is in the way.
  void beginBlock();
  /// All accesses so far come before all that follow.
  void synchronizeBlock();
  /// The same for those of one warp.
  void synchronizeWarp(unsigned warp);

  /// A moment after all accesses so far, for `acquire`.
  uint32_t release();
  /// What came before the moment comes before all that the warp does from now on.
  void acquire(unsigned warp, uint32_t moment);

  uint32_t size() const { return bytes; }
  std::byte *at(uint64_t offset) { return data.data() + offset; }

  // Accesses of `size` bytes a lane. Each checks bounds, alignment and order, and throws a Fault.
  // After `check...` the caller reads or writes the memory itself.

  void checkBounds(const Addresses &offsets, LaneMask mask, unsigned size) const;
  void checkRead(unsigned warp, const Addresses &offsets, LaneMask mask, unsigned size);
  /// An atomic operation: in order with other atomic ones, else like a write.
  void checkAtomic(unsigned warp, uint64_t offset, unsigned lane, unsigned size);
  /// Checks and stores, lane by lane: lanes may store to one place only if they store the same.
  void write(unsigned warp, uint64_t offset, unsigned lane, const std::byte *values, unsigned size);
  /// A read of 16 bytes by a warp as a whole (ldmatrix); `lane` gave the address.
  void checkWarpRead(unsigned warp, uint64_t offset, unsigned lane);

  /// An asynchronous copy is under way: until it ends nobody may touch the place.
  void beginCopy(unsigned warp, uint64_t offset, unsigned lane, unsigned size);
  /// It arrived, like a write of the thread.
  void endCopy(unsigned warp, uint64_t offset, unsigned lane, unsigned size);
  /// The thread has gone: as if never written.
  void abandonCopy(uint64_t offset, unsigned size);

private:
  /// Bit 31: a copy is in flight. Bits 11 to 30: time. Bits 0 to 10: a thread, or what follows.
  using Stamp = uint32_t;
  static constexpr Stamp kInFlight = Stamp(1) << 31;
  static constexpr unsigned kWhoBits = 11;
  static constexpr Stamp kWhoMask = (1 << kWhoBits) - 1;
  static constexpr Stamp kManyOfWarp = 1024; ///< plus the warp: several of its threads
  static constexpr Stamp kAtomicAccess = 2046;
  static constexpr Stamp kMany = 2047; ///< threads of several warps
  static constexpr Stamp kMaxTime = (1 << 20) - 2;

  Stamp now(Stamp who) const { return (time << kWhoBits) | who; }
  static Stamp thread(unsigned warp, unsigned lane) { return warp * kWarpSize + lane; }
  bool isOfWarp(Stamp who, unsigned warp) const;
  /// Whether all of the warp's accesses now come after what `stamp` tells.
  bool isBefore(Stamp stamp, unsigned warp) const;
  /// Stamps from here on may be of accesses that are not in order with the warp's.
  Stamp orderedUntil(unsigned warp) const { return std::max(phaseStart, acquired[warp]); }
  void advance();
  void restartTime();
  size_t firstGranule(uint64_t offset) const { return offset >> granuleShift; }
  size_t endGranule(uint64_t offset, unsigned size) const {
    return ((offset + size - 1) >> granuleShift) + 1;
  }
  void noteRead(size_t granule, Stamp who, unsigned warp);
  void faultRead(size_t granule, Stamp who, unsigned warp, unsigned lane) const;
  /// Faults if someone else accessed the granule; false if that was a write.
  bool checkOverwrite(size_t granule, Stamp who, unsigned warp, unsigned lane) const;
  [[noreturn]] void raiseRace(unsigned lane, size_t granule, const char *verb,
                              const char *otherVerb, Stamp other) const;
  std::string describe(Stamp who) const;

  uint32_t bytes = 0;
  unsigned granuleShift = 2;
  Stamp time = 0;
  Stamp blockStart = 0;         ///< stamps from here on are of this block
  Stamp phaseStart = 0;         ///< stamps from here on are not before the last barrier
  std::vector<Stamp> warpStart; ///< the same for the barriers of each warp
  std::vector<Stamp> acquired;  ///< of each warp: the last moment
  std::vector<std::byte> data;
  std::vector<Stamp> writes, reads;
};

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_EXEC_SHAREDMEMORY_H
