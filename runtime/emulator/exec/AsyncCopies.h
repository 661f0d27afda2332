//===- AsyncCopies.h - cp.async under way -----------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_EXEC_ASYNCCOPIES_H
#define QOPT_RUNTIME_EMULATOR_EXEC_ASYNCCOPIES_H

#include "runtime/emulator/exec/SharedMemory.h"

namespace qopt::emulator {

/// The copies of one warp, from global to shared memory, that have not been waited for. Bytes move
/// when a thread waits and not before: whoever looks earlier finds what was there.
class AsyncCopies {
public:
  /// One cp.async of a warp.
  struct Copy {
    LaneMask lanes = 0;
    unsigned size = 0; ///< bytes a lane writes
    Addresses offsets; ///< in shared memory
    std::array<const std::byte *, kWarpSize> sources;
    std::array<uint8_t, kWarpSize> sourceBytes; ///< that a lane reads; the rest becomes zero
  };

  AsyncCopies() { clear(); }
  void clear();
  void add(const Copy &copy);
  /// Ends the current group of copies of the lanes.
  void commit(LaneMask lanes);
  /// Lets all but the last `pending` committed groups of the lanes arrive.
  void wait(LaneMask lanes, uint32_t pending, SharedMemory &shared, unsigned warp);
  /// Lets all copies of the lanes arrive, committed or not.
  void waitAll(LaneMask lanes, SharedMemory &shared, unsigned warp);
  /// The lanes end without waiting.
  void abandon(LaneMask lanes, SharedMemory &shared);

private:
  struct Pending : Copy {
    std::array<uint32_t, kWarpSize> group;
  };
  /// Finishes, in `lanes`, copies whose group is before `end` of the lane.
  void arrive(LaneMask lanes, const std::array<uint32_t, kWarpSize> &end, SharedMemory &shared,
              unsigned warp);

  std::vector<Pending> pendingCopies; ///< in the order of their issue
  std::array<uint32_t, kWarpSize> currentGroup;
};

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_EXEC_ASYNCCOPIES_H
