//===- ParameterFlow.cpp - parameters that addresses come from ------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/analysis/ParameterFlow.h"

#include <algorithm>

using namespace qopt;
using namespace qopt::emulator;
using Kind = ptx::Operand::Kind;

static bool has(const ptx::Instruction &instruction, std::string_view modifier) {
  const auto &modifiers = instruction.modifiers;
  return std::find(modifiers.begin(), modifiers.end(), modifier) != modifiers.end();
}

/// The first operand is a result that the others determine.
static bool computes(const ptx::Instruction &instruction) {
  static constexpr std::string_view others[] = {"st",  "red",  "bar",      "barrier", "bra",  "brx",
                                                "cp",  "atom", "ldmatrix", "wgmma",   "call", "mma",
                                                "ldu", "tex",  "mbarrier", "stmatrix"};
  if (instruction.opcode == "ld")
    return has(instruction, "param");
  return instruction.operands.size() >= 2 &&
         std::find(std::begin(others), std::end(others), instruction.opcode) == std::end(others);
}

ParameterFlow::Set ParameterFlow::sources(const ptx::Operand &operand) const {
  if (operand.kind == Kind::Register)
    return registers[operand.reg];
  Set set = 0;
  if (operand.kind == Kind::Variable) {
    auto found = std::find(kernel.parameters.begin(), kernel.parameters.end(), operand.variable);
    size_t index = size_t(found - kernel.parameters.begin());
    if (found != kernel.parameters.end() && index < 64)
      set = Set(1) << index;
  }
  for (const ptx::Operand &element : operand.elements)
    set |= sources(element);
  return set;
}

ParameterFlow::ParameterFlow(const ptx::Function &kernel)
    : kernel(kernel), registers(kernel.registers.size()) {
  bool changed = true;
  auto assign = [&](const ptx::Operand &operand, Set set) {
    if (operand.kind != Kind::Register)
      return;
    changed |= (set & ~registers[operand.reg]) != 0;
    registers[operand.reg] |= set;
  };
  while (changed) {
    changed = false;
    for (const ptx::Instruction &instruction : kernel.body) {
      if (!computes(instruction))
        continue;
      Set set = 0;
      for (size_t i = 1; i < instruction.operands.size(); ++i)
        set |= sources(instruction.operands[i]);
      const ptx::Operand &result = instruction.operands[0];
      assign(result, set);
      for (const ptx::Operand &element : result.elements)
        assign(element, set);
    }
  }
}
