//===- Control.cpp - instructions that move lanes -------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Block.h"

using namespace qopt;
using namespace qopt::emulator;
using State = Group::State;

void Warp::executeControl(const Instruction &instruction, LaneMask mask) {
  if (mask == 0) {
    ++running.pc;
    return;
  }
  switch (instruction.flow) {
  case Flow::Straight:
    break;
  case Flow::Collective:
    return executeCollective(instruction, mask);
  case Flow::Branch:
    return executeBranch(uint32_t(instruction.immediate), mask);
  case Flow::Call:
    assignLanes(lanes<uint32_t>(instruction.operands[0]), mask,
                [&](unsigned) { return running.pc + 1; });
    return executeBranch(uint32_t(instruction.immediate), mask);
  case Flow::IndirectBranch:
    return executeIndirect(instruction, mask);
  case Flow::Return:
    return splitByTarget(lanes<uint32_t>(instruction.operands[0]), mask);
  case Flow::Test:
    return executeTest(instruction, mask);
  case Flow::Exit:
    if (LaneMask unfinished = stores.unfinished() & mask)
      raise(FaultKind::Race, firstLane(unfinished),
            "ends before its bulk copies have read shared memory");
    copies.abandon(mask, block.shared);
    if ((mask & unwaited) != 0)
      raise(FaultKind::Race, firstLane(mask & unwaited),
            "ends a thread that has not executed griddepcontrol.wait: what waits for this kernel "
            "may begin before kernels before this one have ended");
    exited |= mask;
    return leave(mask);
  case Flow::Barrier:
    return executeBarrier(instruction, mask);
  }
}

/// The lanes of `mask` are no longer in `running`; what remains goes on after the instruction.
void Warp::leave(LaneMask mask) {
  running.mask &= ~mask;
  ++running.pc;
}

void Warp::executeBranch(uint32_t target, LaneMask taken) {
  if (taken == running.mask) {
    running.pc = target;
    return;
  }
  groups.add({target, taken, State::Ready, 0});
  leave(taken);
}

void Warp::executeTest(const Instruction &instruction, LaneMask mask) {
  instruction.execute(*this, instruction, mask);
  ++running.pc;
  if ((mask & ~predicate(instruction.operands[0])) == 0)
    return;
  groups.add({running.pc, running.mask, State::Rested, 0});
  running.mask = 0;
}

/// Each lane goes on at its target.
void Warp::splitByTarget(const uint32_t *targets, LaneMask mask) {
  LaneMask left = mask;
  while (left != 0) {
    uint32_t target = targets[firstLane(left)];
    LaneMask same = 0;
    forEachLane(left, [&](unsigned lane) { same |= LaneMask(targets[lane] == target) << lane; });
    groups.add({target, same, State::Ready, 0});
    left &= ~same;
  }
  leave(mask);
}

void Warp::executeIndirect(const Instruction &instruction, LaneMask mask) {
  const std::vector<uint32_t> &table = block.launch.program.branchTables[instruction.immediate];
  const uint32_t *indices = lanes<uint32_t>(instruction.operands[0]);
  uint32_t targets[kWarpSize];
  forEachLane(mask, [&](unsigned lane) {
    if (indices[lane] >= table.size())
      raise(FaultKind::OutOfBounds, lane, "takes target {} of {}", indices[lane], table.size());
    targets[lane] = table[indices[lane]];
  });
  splitByTarget(targets, mask);
}

/// Waits until all lanes that an executing lane names are here.
void Warp::executeCollective(const Instruction &instruction, LaneMask mask) {
  const uint32_t *named = lanes<uint32_t>(instruction.operands[0]);
  LaneMask namedByAll = kAllLanes;
  for (unsigned lane = 0; lane < kWarpSize; ++lane)
    namedByAll &= named[lane];
  if (mask == kAllLanes && namedByAll == kAllLanes) [[likely]] {
    instruction.execute(*this, instruction, mask);
    ++running.pc;
    return;
  }
  bool isComplete = true;
  for (LaneMask left = mask; left != 0;) {
    unsigned lane = firstLane(left);
    LaneMask same = 0;
    forEachLane(left,
                [&](unsigned other) { same |= LaneMask(named[other] == named[lane]) << other; });
    if ((same & ~named[lane]) != 0)
      raise(FaultKind::Divergence, firstLane(same & ~named[lane]),
            "names lanes {:#x}, without the one that executes it", named[lane]);
    if ((named[lane] & exited) != 0)
      raise(FaultKind::Divergence, lane,
            "names lanes {:#x}, of which {:#x} have ended or do not exist", named[lane],
            named[lane] & exited);
    isComplete &= (named[lane] & ~same) == 0;
    left &= ~same;
  }
  if (!isComplete) {
    groups.add({running.pc, mask, State::AtCollective, 0});
    return leave(mask);
  }
  for (LaneMask left = mask; left != 0;) {
    LaneMask together = named[firstLane(left)];
    instruction.execute(*this, instruction, together);
    left &= ~together;
  }
  ++running.pc;
}

void Warp::executeBarrier(const Instruction &instruction, LaneMask mask) {
  const uint32_t *barriers = lanes<uint32_t>(instruction.operands[0]);
  const uint32_t *counts = lanes<uint32_t>(instruction.operands[1]);
  auto mode = BarrierMode(instruction.mode);
  unsigned lane = firstLane(mask);
  uint32_t barrier = barriers[lane];
  uint32_t expected = instruction.count != 0 ? counts[lane] : block.launch.threads();
  forEachLane(mask, [&](unsigned other) {
    if (barriers[other] != barrier || (instruction.count != 0 && counts[other] != expected))
      raise(FaultKind::Divergence, other, "is at another barrier than lane {} of its warp", lane);
  });
  if (barrier >= kBarriers)
    raise(FaultKind::OutOfBounds, lane, "uses barrier {} of {}", barrier, kBarriers);
  if (instruction.count != 0 && (expected == 0 || expected % kWarpSize != 0))
    raise(FaultKind::Divergence, lane, "expects {} threads, which is no multiple of {}", expected,
          kWarpSize);
  for (const Group &group : groups)
    if (group.state == State::AtBarrier && group.barrier == barrier && group.pc != running.pc + 1)
      raise(FaultKind::Divergence, lane,
            "is reached by lanes {:#x}; lanes {:#x} of the warp wait for the barrier elsewhere",
            mask, group.mask);

  if (mode == BarrierMode::Reduce) {
    LaneMask holding =
        mask & (predicate(instruction.operands[2]) ^ LaneMask(instruction.immediate));
    block.contribute(barrier, uint32_t(std::popcount(holding)));
  }
  if (mode != BarrierMode::Arrive) {
    groups.add({running.pc + 1, mask, State::AtBarrier, uint8_t(barrier)});
    leave(mask);
  } else {
    ++running.pc;
  }
  block.arrive(barrier, uint32_t(std::popcount(mask)), expected, lane);
}
