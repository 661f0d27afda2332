//===- Kernel.h - the kernel dialect ----------------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECTS_KERNEL_KERNEL_H
#define QOPT_DIALECTS_KERNEL_KERNEL_H

#include "dialects/kernel/Argument.h"
#include "dialects/llm/Llm.h"
#include "dialects/q/Q.h"
#include "mlir/IR/AffineMap.h"

namespace qopt::kernel {

/// On a function: the target whose kernels it launches, "cpu" or "ptx". Other functions have none.
inline constexpr llvm::StringLiteral kTargetAttr = "kernel.target";
/// On a function: the type of values that only matrix products and attention read.
inline constexpr llvm::StringLiteral kOperandTypeAttr = "kernel.operand_type";
/// On a function: the slots of its arena, `{bytes_per_row, bytes}` each (plan-buffers).
inline constexpr llvm::StringLiteral kSlotsAttr = "kernel.slots";

/// On an argument of a kernel function: the runtime's name of it, where its place does not say.
inline constexpr llvm::StringLiteral kInputAttr = "kernel.input";

/// Activations' rows start every `round_up(columns, kRowAlignment)` elements.
inline constexpr int64_t kRowAlignment = 32;

/// What LaunchOpInterface verifies: `slots`, where present, names one slot for each result.
mlir::LogicalResult verifyLaunchOp(mlir::Operation *op);
} // namespace qopt::kernel

#include "dialects/kernel/KernelDialect.h.inc"
#include "dialects/kernel/KernelEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/kernel/KernelAttrs.h.inc"
#include "dialects/kernel/KernelInterfaces.h.inc"
#define GET_OP_CLASSES
#include "dialects/kernel/KernelOps.h.inc"

#endif // QOPT_DIALECTS_KERNEL_KERNEL_H
