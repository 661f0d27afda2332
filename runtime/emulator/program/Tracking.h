//===- Tracking.h - finding registers that are read too early ---*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_PROGRAM_TRACKING_H
#define QOPT_RUNTIME_EMULATOR_PROGRAM_TRACKING_H

#include "runtime/emulator/program/Program.h"

namespace qopt::emulator {

// Both go before `instruction`, run in the same lanes, and take the `written` mask as operand.

/// Raises a fault where trackedRegisters[index] was not written.
Instruction makeReadCheck(const Instruction &instruction, uint32_t index);
/// Notes that a register is written.
Instruction makeWriteMark(const Instruction &instruction);

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_PROGRAM_TRACKING_H
