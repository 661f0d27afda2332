//===- Block.h - one block while it runs ------------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_EXEC_BLOCK_H
#define QOPT_RUNTIME_EMULATOR_EXEC_BLOCK_H

#include "runtime/emulator/exec/Launch.h"
#include "runtime/emulator/exec/Mbarriers.h"
#include "runtime/emulator/exec/SharedMemory.h"
#include "runtime/emulator/exec/Warp.h"
#include <deque>

namespace qopt::emulator {

/// Runs blocks of a launch, one after the other, on one core of the host. Warps take turns: each
/// runs until it waits for others.
class Block {
public:
  Block(const Launch &launch, unsigned core);

  /// Runs the block at `index` of the grid. Throws a LaunchError.
  void run(const Extent &index);

  // For warps.

  /// `threads` more have come to the barrier, which is complete with `expected`.
  void arrive(unsigned barrier, uint32_t threads, uint32_t expected, unsigned lane);
  /// For bar.red: counts threads whose predicate holds. The result stands when the barrier is
  /// complete, until it is complete again.
  void contribute(unsigned barrier, uint32_t holding) { barriers[barrier].holding += holding; }
  uint32_t lastHolding(unsigned barrier) const { return barriers[barrier].lastHolding; }
  uint32_t lastExpected(unsigned barrier) const { return barriers[barrier].lastExpected; }

  uint32_t specialValue(SpecialRegister name, unsigned thread) const;
  std::byte *localMemory(unsigned warp, unsigned lane) {
    return local.data() + size_t(warp * kWarpSize + lane) * launch.program.localBytes;
  }

  const Launch &launch;
  SharedMemory shared;
  Mbarriers mbarriers;
  Statistics statistics;

private:
  struct Barrier {
    uint32_t arrived = 0, expected = 0;
    uint32_t holding = 0, lastHolding = 0, lastExpected = 0;
  };

  void runWarps();
  void checkWarpgroups();
  [[noreturn]] void raiseDeadlock();
  [[noreturn]] void report(const Fault &fault, const Warp &warp);
  std::string describeThread(unsigned thread) const;

  const unsigned core;
  Extent index = {};
  std::deque<Warp> warps;
  std::unique_ptr<std::byte[]> registerStorage;
  std::vector<std::byte> local;
  std::array<Barrier, kBarriers> barriers;
};

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_EXEC_BLOCK_H
