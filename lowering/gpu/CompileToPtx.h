//===- CompileToPtx.h - gpu.module to PTX text ------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_GPU_COMPILETOPTX_H
#define QOPT_LOWERING_GPU_COMPILETOPTX_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include <string>

namespace qopt {

/// Compiles a gpu.module that emit-ptx-kernels wrote to PTX for `chip` ("sm_80", "sm_90", ...). The
/// module itself is left as it is. `ptxVersion` is the PTX ISA version times ten; 0 is the lowest
/// that carries what the chip and the module need. Reports on the module what the chip or the
/// version lacks, and functions that the module calls and nobody defines. Dialects must be loaded:
/// registerPtxDialects.
mlir::FailureOr<std::string> compileToPtx(mlir::gpu::GPUModuleOp module, llvm::StringRef chip,
                                          unsigned ptxVersion = 0);

/// The dialects that compileToPtx goes through, with their translations to LLVM IR. Passes that
/// call it add these to their dependent dialects.
void registerPtxDialects(mlir::DialectRegistry &registry);

} // namespace qopt

#endif // QOPT_LOWERING_GPU_COMPILETOPTX_H
