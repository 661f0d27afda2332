//===- EmittedModules.h - objects and PTX of a module -----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_ARTIFACT_EMITTEDMODULES_H
#define QOPT_LOWERING_ARTIFACT_EMITTEDMODULES_H

#include "lowering/artifact/Plan.h"
#include <functional>

namespace qopt {

/// A file of machine code or PTX.
struct EmittedFile {
  std::string name;
  /// Compiles the emitted module; emits diagnostics. One at a time.
  std::function<llvm::FailureOr<std::string>()> compile;
};

/// The emitted modules in a module (@cpu.avx512, @ptx_sm_80, ...): for each target that kernel
/// functions are for, what the plan says of them, and the files. A target without emitted modules
/// is an error.
struct EmittedModules {
  llvm::SmallVector<TargetModules> targets;
  llvm::SmallVector<EmittedFile> files;

  static llvm::FailureOr<EmittedModules> find(mlir::ModuleOp module);
};

} // namespace qopt

#endif // QOPT_LOWERING_ARTIFACT_EMITTEDMODULES_H
