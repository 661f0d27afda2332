//===- Operation.h - an instruction before it has its place -----*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_PROGRAM_OPERATION_H
#define QOPT_RUNTIME_EMULATOR_PROGRAM_OPERATION_H

#include "runtime/emulator/program/Program.h"

namespace qopt::emulator {

/// Index of a register in a program: those of all its functions are numbered together.
using RegisterIndex = uint32_t;

/// An Instruction, what it reads and writes, and where it leads.
struct Operation {
  static constexpr uint32_t kNoTarget = ~uint32_t(0);

  Instruction instruction;
  std::vector<Slot> operands;
  std::vector<RegisterIndex> uses, definitions; ///< including the guard
  bool isGuarded = false;
  /// Of a Branch: index in the body of the function.
  uint32_t target = kNoTarget;
  std::vector<uint32_t> tableTargets; ///< of an IndirectBranch: indices in the body
};

/// The operations of one function.
struct FunctionCode {
  const ptx::Function *function = nullptr;
  std::vector<Operation> operations;
  std::vector<uint32_t> bodyStart; ///< for each instruction of the body, and the end: an operation
  RegisterIndex firstRegister = 0;
};

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_PROGRAM_OPERATION_H
