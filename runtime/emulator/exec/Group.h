//===- Group.h - lanes of a warp that are at one instruction ----*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_EXEC_GROUP_H
#define QOPT_RUNTIME_EMULATOR_EXEC_GROUP_H

#include "runtime/emulator/program/Program.h"

namespace qopt::emulator {

struct Group {
  enum class State : uint8_t {
    Ready,
    Rested,       ///< ran for a while; others first
    AtCollective, ///< until lanes that the instruction names join
    AtBarrier,    ///< until `barrier` is complete
  };
  uint32_t pc = 0; ///< index of the next instruction
  LaneMask mask = 0;
  State state = State::Ready;
  uint8_t barrier = 0;
};

/// The groups of a warp that do not run now, in no order.
class GroupList {
public:
  size_t count() const { return size; }
  const Group *begin() const { return groups; }
  const Group *end() const { return groups + size; }

  void clear() { size = 0; }
  void add(const Group &group) { groups[size++] = group; }

  /// Takes out the ready group with the lowest pc, joined by those that are there and not at a
  /// barrier. False if none is ready.
  bool takeFirst(Group &first);
  /// The lowest pc at which a group would join; the largest number if there is none.
  uint32_t joinPoint() const;
  /// Rested groups are ready. False if there are none.
  bool wakeRested();
  void releaseBarrier(unsigned barrier);

private:
  /// Groups have disjoint masks that are not empty; one more while a group is split.
  Group groups[kWarpSize + 1];
  size_t size = 0;
};

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_EXEC_GROUP_H
