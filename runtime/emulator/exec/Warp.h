//===- Warp.h - 32 threads that execute together ----------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_EXEC_WARP_H
#define QOPT_RUNTIME_EMULATOR_EXEC_WARP_H

#include "runtime/emulator/exec/AsyncCopies.h"
#include "runtime/emulator/exec/BulkStores.h"
#include "runtime/emulator/exec/DeviceMemory.h"
#include "runtime/emulator/exec/Group.h"
#include "runtime/emulator/exec/LaneLoop.h"
#include "runtime/emulator/exec/PendingProducts.h"
#include "runtime/emulator/program/Program.h"

namespace qopt::emulator {

class Block;

inline constexpr unsigned kBarriers = 16;
/// Instruction::mode of a barrier. Operands: the barrier; the number of threads, if
/// Instruction::count; the predicate, negated if Instruction::immediate.
enum class BarrierMode : uint8_t { Sync, Arrive, Reduce };

/// The registers of a warp and where its lanes are. Lanes at one instruction form a group; the
/// group that is furthest behind runs, until it meets another and joins it. So lanes that took
/// different ways meet again where the ways do, and each way makes progress when others wait.
class Warp {
public:
  Warp(Block &block, unsigned index) : block(block), index(index) {}

  /// For a launch: points to `registers`, whose constants and thread indices it fills in.
  void configure(std::byte *registers);
  /// For the next block.
  void begin();

  /// Runs until no lane can go on, or for a while. Returns whether anything was executed. Throws a
  /// Fault of the instruction `current`.
  bool run();
  bool isDone() const { return groups.count() == 0; }
  /// For the block, when a barrier is complete.
  void releaseBarrier(unsigned barrier);

  template <typename T> T *lanes(Slot slot) { return reinterpret_cast<T *>(registers + slot); }
  LaneMask &predicate(Slot slot) { return *lanes<LaneMask>(slot); }

  Block &block;
  const unsigned index;
  const Instruction *current = nullptr;
  AsyncCopies copies;
  BulkStores stores;
  PendingProducts products;
  /// Allocations of the last accesses to global memory, for the instructions of each number.
  std::array<Allocation, kAccessNumbers> recent;
  GroupList groups;
  LaneMask unwaited = 0; ///< lanes that must execute griddepcontrol.wait, and have not yet
  LaneMask exited = 0;   ///< lanes that have ended, or that the block has no threads for

private:
  void runGroup();
  void executeControl(const Instruction &instruction, LaneMask mask);
  void executeCollective(const Instruction &instruction, LaneMask mask);
  void executeTest(const Instruction &instruction, LaneMask mask);
  void executeBranch(uint32_t target, LaneMask taken);
  void executeIndirect(const Instruction &instruction, LaneMask mask);
  void executeBarrier(const Instruction &instruction, LaneMask mask);
  void splitByTarget(const uint32_t *targets, LaneMask mask);
  void leave(LaneMask mask);
  void fillSpecial(const Program::SpecialValue &special);

  std::byte *registers = nullptr;
  Group running; ///< not in `groups` while it runs
};

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_EXEC_WARP_H
