//===- Calls.cpp - calls of device functions ------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A function has its registers, parameters and results once: recursion is refused. So a call copies
// the bytes of its arguments to where the function looks for them, in local memory, and copies the
// results back.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Block.h"
#include "runtime/emulator/instructions/Decoders.h"
#include "runtime/emulator/instructions/Decoding.h"
#include "runtime/emulator/program/CallGraph.h"
#include <cstring>

using namespace qopt;
using namespace qopt::emulator;

namespace {

/// `immediate`: from where in local memory, and to where, in its halves; operands[0] is not a slot
/// but a number of bytes.
void copyLocal(Warp &warp, const Instruction &in, LaneMask mask) {
  auto from = uint32_t(in.immediate), to = uint32_t(uint64_t(in.immediate) >> 32);
  forEachLane(mask, [&](unsigned lane) {
    std::byte *local = warp.block.localMemory(warp.index, lane);
    memmove(local + to, local + from, in.operands[0]);
  });
}

void emitCopy(Decoding &d, const ptx::Variable &from, const ptx::Variable &to) {
  uint64_t offsets = d.symbols.address(from) | d.symbols.address(to) << 32;
  d.emit(copyLocal, {Slot(from.size)}).instruction.immediate = int64_t(offsets);
}

/// The variables of `(a, b)`, which must have the sizes of the function's.
std::vector<const ptx::Variable *> variables(Decoding &d, const ptx::Operand &list,
                                             const std::vector<const ptx::Variable *> &formal) {
  std::vector<const ptx::Variable *> actual;
  for (const ptx::Operand &operand : list.elements) {
    bool isVariable = operand.kind == ptx::Operand::Kind::Variable && operand.offset == 0;
    if (!isVariable || d.symbols.space(*operand.variable) != ptx::Space::Local)
      d.error("arguments and results must be .param variables of the caller");
    actual.push_back(operand.variable);
  }
  bool fits = actual.size() == formal.size();
  for (size_t i = 0; fits && i < actual.size(); ++i)
    fits = actual[i]->size == formal[i]->size;
  if (!fits)
    d.error("the arguments or results do not fit the function's");
  return actual;
}

void decodeCall(Decoding &d) {
  d.take("uni");
  const ptx::Function &callee = findCallee(d.module, d.in);
  using Kind = ptx::Operand::Kind;
  static const ptx::Operand none;
  bool hasResults = d.operand(0).kind == Kind::List;
  size_t name = hasResults ? 1 : 0;
  d.expectOperands(name + 1, name + 2);
  bool hasArguments = d.numOperands() > name + 1;
  if (hasArguments && d.operand(name + 1).kind != Kind::List)
    d.error("the arguments are not in parentheses");
  auto results = variables(d, hasResults ? d.operand(0) : none, callee.results);
  auto arguments = variables(d, hasArguments ? d.operand(name + 1) : none, callee.parameters);

  for (size_t i = 0; i < arguments.size(); ++i)
    emitCopy(d, *arguments[i], *callee.parameters[i]);
  d.emitFlow(Flow::Call, {d.symbols.returnAddress(callee)});
  for (size_t i = 0; i < results.size(); ++i)
    emitCopy(d, *callee.results[i], *results[i]);
}

} // namespace

void emulator::addCalls(DecoderTable &table) { table["call"] = decodeCall; }
