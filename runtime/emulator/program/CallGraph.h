//===- CallGraph.h - the functions that a kernel calls ----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_PROGRAM_CALLGRAPH_H
#define QOPT_RUNTIME_EMULATOR_PROGRAM_CALLGRAPH_H

#include "runtime/emulator/ptx/Syntax.h"

namespace qopt::emulator {

/// The function that a `call` names. Throws an Error if there is none.
const ptx::Function &findCallee(const ptx::Module &module, const ptx::Instruction &call);

/// The kernel and all that it may call, callees before callers. Throws an Error for recursion:
/// every function has its registers only once.
std::vector<const ptx::Function *> collectFunctions(const ptx::Module &module,
                                                    const ptx::Function &kernel);

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_PROGRAM_CALLGRAPH_H
