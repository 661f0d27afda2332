//===- Mbarriers.h - mbarrier objects, and copies that complete them --*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_EXEC_MBARRIERS_H
#define QOPT_RUNTIME_EMULATOR_EXEC_MBARRIERS_H

#include "runtime/emulator/exec/SharedMemory.h"
#include <map>

namespace qopt::emulator {

/// A thread of the block.
struct BlockThread {
  unsigned warp, lane;
};

/// 16 bytes of a bulk copy. Those from `begin` to `end` exist in global memory; the others are read
/// as zeros, and not written.
struct BulkPiece {
  static constexpr unsigned kBytes = 16;
  uint64_t offset;             ///< in shared memory
  std::byte *global = nullptr; ///< the byte `begin`
  uint8_t begin = 0, end = 0;
};

/// What mbarrier instructions do to the 64-bit objects in the shared memory of one block. A phase
/// is complete when no arrivals and no bytes are missing; accesses before that come before those of
/// warps that have tested it. Bulk copies to shared memory arrive when a thread tests their object,
/// all threads have arrived at it, and not before.
class Mbarriers {
public:
  explicit Mbarriers(SharedMemory &shared) : shared(shared) {}
  void beginBlock();

  // Each throws a Fault, for an address that is no object above all.

  void initialize(BlockThread thread, uint64_t offset, uint32_t count);
  void invalidate(BlockThread thread, uint64_t offset);
  /// The phase expects `bytes` more.
  void expect(BlockThread thread, uint64_t offset, uint32_t bytes);
  void complete(BlockThread thread, uint64_t offset, uint32_t bytes);
  /// Returns what `test` of this phase takes: its parity. `drops`: later phases expect so many
  /// less.
  unsigned arrive(BlockThread thread, uint64_t offset, uint32_t count, bool drops);
  /// Whether the phase with this parity is complete: the current one, or that before.
  bool test(BlockThread thread, uint64_t offset, unsigned parity);
  /// A copy from global memory, which `instruction` begins, is under way; its bytes complete the
  /// object's phase.
  void addCopy(BlockThread thread, const Instruction &instruction, uint64_t offset,
               std::vector<BulkPiece> pieces);
  struct Copy {
    BlockThread thread;
    const Instruction *instruction;
    uint64_t barrier;
    std::vector<BulkPiece> pieces;
  };
  /// A copy that is under way still, or null.
  const Copy *unfinished() const { return copies.empty() ? nullptr : &copies.front(); }

  /// A test failed and its thread waits. Throws a Fault when so many did that nothing can happen
  /// any more.
  void noteFailedTest(BlockThread thread, uint64_t offset);
  /// Something happened for which others may wait.
  void noteProgress() { failedTests = 0; }

private:
  struct State;
  State load(BlockThread thread, uint64_t offset);
  void store(uint64_t offset, const State &state);
  static void completeBytes(BlockThread thread, State &state, uint64_t bytes);
  void finishPhase(uint64_t offset, State &state);
  uint64_t deliver(uint64_t barrier);

  SharedMemory &shared;
  std::vector<Copy> copies;                    ///< under way, in the order of their issue
  std::map<uint64_t, uint32_t> lastCompletion; ///< of objects: a moment (SharedMemory::release)
  uint32_t failedTests = 0;                    ///< since the last progress
};

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_EXEC_MBARRIERS_H
