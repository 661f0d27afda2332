//===- Tracking.cpp - finding registers that are read too early -----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/program/Tracking.h"

#include "runtime/emulator/exec/Block.h"
#include "runtime/formats/Quote.h"

using namespace qopt;
using namespace qopt::emulator;

static void checkRead(Warp &warp, const Instruction &in, LaneMask mask) {
  LaneMask missing = mask & ~warp.predicate(in.operands[0]);
  if (missing == 0)
    return;
  const Program &program = warp.block.launch.program;
  raise(FaultKind::Uninitialized, firstLane(missing), "reads register {}, which was never written",
        quote(program.trackedRegisters[size_t(in.immediate)].name));
}

static void markWrite(Warp &warp, const Instruction &in, LaneMask mask) {
  warp.predicate(in.operands[0]) |= mask;
}

static Instruction makeCompanion(const Instruction &instruction, Handler handler) {
  Instruction companion;
  companion.execute = handler;
  companion.guard = instruction.guard;
  companion.guardFlip = instruction.guardFlip;
  companion.isFirst = false;
  companion.origin = instruction.origin;
  return companion;
}

Instruction emulator::makeReadCheck(const Instruction &instruction, uint32_t index) {
  Instruction check = makeCompanion(instruction, checkRead);
  check.immediate = index;
  return check;
}

Instruction emulator::makeWriteMark(const Instruction &instruction) {
  return makeCompanion(instruction, markWrite);
}
