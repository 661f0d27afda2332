//===- Ptxas.h - PTX text to machine code -----------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_GPU_PTXAS_H
#define QOPT_LOWERING_GPU_PTXAS_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include <string>

namespace qopt {

/// Runs the program `ptxas` on the PTX of `module` and returns the cubin for `chip`. Reports what
/// it says first where it refuses, on the op whose kernel it names the line of.
mlir::FailureOr<std::string> assemblePtx(mlir::gpu::GPUModuleOp module, llvm::StringRef chip,
                                         llvm::StringRef ptx, llvm::StringRef ptxas);

} // namespace qopt

#endif // QOPT_LOWERING_GPU_PTXAS_H
