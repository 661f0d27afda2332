//===- CompileCpuModule.h - emitted kernels to a shared object --*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_COMPILECPUMODULE_H
#define QOPT_LOWERING_CPU_COMPILECPUMODULE_H

#include "lowering/cpu/CpuLevel.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectRegistry.h"
#include "llvm/ADT/SmallVector.h"

namespace qopt::cpu {

/// The dialects and translations that compileCpuModule needs in its module's context.
void registerCpuCompilation(mlir::DialectRegistry &registry);

/// Compiles a module that `emit-cpu-kernels` made (which stays as it is) and returns the contents
/// of a position-independent x86-64 ELF shared object that depends on nothing. Its kernels are its
/// exported symbols. Thread-safe.
mlir::FailureOr<llvm::SmallVector<char>> compileCpuModule(mlir::ModuleOp module, CpuLevel level);

/// Links an object file into a shared object; `name` is for messages. Undefined symbols are errors.
mlir::FailureOr<llvm::SmallVector<char>> linkSharedObject(llvm::ArrayRef<char> object,
                                                          llvm::StringRef name, mlir::Location loc);

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_COMPILECPUMODULE_H
