//===- ProgramBuilder.h - from parsed PTX to a Program ----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_PROGRAM_PROGRAMBUILDER_H
#define QOPT_RUNTIME_EMULATOR_PROGRAM_PROGRAMBUILDER_H

#include "runtime/emulator/program/Symbols.h"

namespace qopt::emulator {

/// Decodes a kernel of `module` and the functions that it calls. Throws an Error of the form
/// `FILE:LINE: message` for an instruction that the emulator does not know, operands that do not
/// fit, functions without a body and recursion.
std::shared_ptr<const Program> buildProgram(std::shared_ptr<const ptx::Module> module,
                                            const ptx::Function &kernel,
                                            const GlobalAddresses &globals);

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_PROGRAM_PROGRAMBUILDER_H
