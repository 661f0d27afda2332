//===- ControlFlow.cpp - branches, returns and traps ----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Fault.h"
#include "runtime/emulator/exec/LaneLoop.h"
#include "runtime/emulator/instructions/Decoders.h"
#include "runtime/emulator/instructions/Decoding.h"
#include "runtime/formats/Quote.h"

using namespace qopt;
using namespace qopt::emulator;

namespace {

void decodeBranch(Decoding &d) {
  d.take("uni");
  d.expectOperands(1);
  if (d.operand(0).kind != ptx::Operand::Kind::Name)
    d.error("the target is no label");
  uint32_t target = d.label(d.operand(0).name);
  d.emitFlow(Flow::Branch).target = target;
}

/// `brx.idx %r1, table;` with `table: .branchtargets a, b;`
void decodeIndexedBranch(Decoding &d) {
  d.needOneOf({"idx"});
  d.take("uni");
  d.expectOperands(2);
  auto table = d.function.branchTargets.find(d.operand(1).name);
  if (table == d.function.branchTargets.end())
    d.error(fmt::format("{} is no list of branch targets", quote(d.operand(1).name)));
  std::vector<uint32_t> targets;
  for (std::string_view name : table->second)
    targets.push_back(d.label(name));
  Slot index = d.use(0, Type::U32);
  d.emitFlow(Flow::IndirectBranch, {index}).tableTargets = std::move(targets);
}

void decodeExit(Decoding &d) {
  d.expectOperands(0);
  d.emitFlow(Flow::Exit);
}

void decodeReturn(Decoding &d) {
  d.take("uni");
  if (d.function.isEntry)
    return decodeExit(d);
  d.expectOperands(0);
  d.emitFlow(Flow::Return, {d.symbols.returnAddress(d.function)});
}

void trap(Warp &, const Instruction &, LaneMask mask) {
  raise(FaultKind::Trap, firstLane(mask), "is executed");
}

void decodeTrap(Decoding &d) {
  d.expectOperands(0);
  d.emit(trap, {});
}

void doNothing(Warp &, const Instruction &, LaneMask) {}

void decodePause(Decoding &d) {
  d.takeType({Type::U32});
  d.expectOperands(1);
  Slot duration = d.use(0, Type::U32);
  d.emit(doNothing, {duration});
}

/// Registers for more warps of the block; all have what they need here.
void decodeRegisterCount(Decoding &d) {
  d.needOneOf({"inc", "dec"});
  d.needOneOf({"sync"});
  d.needOneOf({"aligned"});
  d.takeType({Type::U32});
  d.expectOperands(1);
  const ptx::Operand &count = d.operand(0);
  if (count.kind != ptx::Operand::Kind::Integer || count.bits < 24 || count.bits > 256 ||
      count.bits % 8 != 0)
    d.error("the number of registers is no multiple of 8 from 24 to 256");
  d.emitCollective(doNothing, {d.allLanes()});
}

} // namespace

void emulator::addControlFlow(DecoderTable &table) {
  table["bra"] = decodeBranch;
  table["brx"] = decodeIndexedBranch;
  table["ret"] = decodeReturn;
  table["exit"] = decodeExit;
  table["trap"] = decodeTrap;
  table["brkpt"] = decodeTrap;
  table["nanosleep"] = decodePause;
  table["setmaxnreg"] = decodeRegisterCount;
}
