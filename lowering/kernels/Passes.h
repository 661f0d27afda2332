//===- Passes.h - from llm ops to planned kernels ---------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_KERNELS_PASSES_H
#define QOPT_LOWERING_KERNELS_PASSES_H

#include "dialects/kernel/Kernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Pass/Pass.h"

namespace qopt {

/// Whether the function launches a target's kernels.
inline bool isKernelFunction(mlir::func::FuncOp function) {
  return !function.isExternal() && function->hasAttr(kernel::kTargetAttr);
}

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "lowering/kernels/Passes.h.inc"

} // namespace qopt

#endif // QOPT_LOWERING_KERNELS_PASSES_H
