//===- Assignment.h - registers that may be read before they are written -*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_PROGRAM_ASSIGNMENT_H
#define QOPT_RUNTIME_EMULATOR_PROGRAM_ASSIGNMENT_H

#include "runtime/emulator/program/Operation.h"

namespace qopt::emulator {

/// For each operation of the function, the uses of registers for which there is a path from the
/// entry without a certain write. Most functions have none, so that nothing is to be checked while
/// they run. A write under a guard is not certain.
std::vector<std::vector<RegisterIndex>> findUncertainUses(const FunctionCode &code,
                                                          uint32_t numRegisters);

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_PROGRAM_ASSIGNMENT_H
