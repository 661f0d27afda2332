//===- Warp.cpp - 32 threads that execute together ------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Warp.h"

#include "runtime/emulator/exec/Block.h"

using namespace qopt;
using namespace qopt::emulator;

/// Instructions after which a group makes room for others: they may be what it waits for.
static constexpr uint32_t kTimeSlice = 1 << 18;

void Warp::fillSpecial(const Program::SpecialValue &special) {
  for (unsigned lane = 0; lane < kWarpSize; ++lane)
    lanes<uint32_t>(special.slot)[lane] =
        block.specialValue(special.name, index * kWarpSize + lane);
}

void Warp::configure(std::byte *newRegisters) {
  registers = newRegisters;
  for (const Program::Constant &constant : block.launch.program.constants) {
    if (constant.width == 1)
      predicate(constant.slot) = constant.value != 0 ? kAllLanes : 0;
    else if (constant.width == 64)
      std::fill_n(lanes<uint64_t>(constant.slot), kWarpSize, constant.value);
    else
      std::fill_n(lanes<uint32_t>(constant.slot), kWarpSize, uint32_t(constant.value));
  }
  for (const Program::SpecialValue &special : block.launch.program.specialValues)
    if (special.name < SpecialRegister::Clock)
      fillSpecial(special);
}

void Warp::begin() {
  const Program &program = block.launch.program;
  for (const Program::SpecialValue &special : program.specialValues)
    if (special.name >= SpecialRegister::CtaidX && special.name <= SpecialRegister::CtaidZ)
      fillSpecial(special);
  for (const Program::TrackedRegister &tracked : program.trackedRegisters)
    predicate(tracked.written) = 0;
  uint32_t threads = block.launch.threads() - index * kWarpSize;
  LaneMask mask = threads >= kWarpSize ? kAllLanes : (LaneMask(1) << threads) - 1;
  exited = ~mask;
  unwaited = block.launch.overlaps ? mask : 0;
  copies.clear();
  stores.clear();
  products.clear();
  groups.clear();
  groups.add({program.entry, mask, Group::State::Ready, 0});
}

void Warp::releaseBarrier(unsigned barrier) { groups.releaseBarrier(barrier); }

bool Warp::run() {
  bool progress = false;
  while (groups.takeFirst(running)) {
    runGroup();
    progress = true;
  }
  return groups.wakeRested() || progress;
}

/// Runs `running` until it waits, ends, meets another group or has had its time.
void Warp::runGroup() {
  const Instruction *code = block.launch.program.code.data();
  uint64_t threadInstructions = 0, warpInstructions = 0;
  uint32_t joinPoint = groups.joinPoint();
  for (uint32_t left = kTimeSlice; left != 0; --left) {
    const Instruction &instruction = code[running.pc];
    current = &instruction;
    LaneMask mask = running.mask & (predicate(instruction.guard) ^ instruction.guardFlip);
    threadInstructions += instruction.isFirst ? unsigned(std::popcount(mask)) : 0;
    warpInstructions += instruction.isFirst;
    if (instruction.flow == Flow::Straight) [[likely]] {
      if (mask != 0)
        instruction.execute(*this, instruction, mask);
      ++running.pc;
    } else {
      executeControl(instruction, mask);
      joinPoint = groups.joinPoint();
    }
    if (running.mask == 0 || running.pc >= joinPoint)
      break;
  }
  block.statistics.threadInstructions += threadInstructions;
  block.statistics.warpInstructions += warpInstructions;
  if (running.mask != 0) {
    bool isAlone = running.pc < joinPoint;
    running.state = isAlone ? Group::State::Rested : Group::State::Ready;
    groups.add(running);
  }
}
