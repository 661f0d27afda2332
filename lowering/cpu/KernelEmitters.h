//===- KernelEmitters.h - one emitter for each kernel -----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_KERNELEMITTERS_H
#define QOPT_LOWERING_CPU_KERNELEMITTERS_H

#include "dialects/kernel/Kernel.h"
#include "lowering/cpu/KernelBody.h"

namespace qopt::cpu {

// Each fills the body of a kernel for a configured op, or explains on the op why it cannot.
mlir::LogicalResult emitKernel(kernel::GatherOp op, KernelBody &body);
mlir::LogicalResult emitKernel(kernel::NormOp op, KernelBody &body);
mlir::LogicalResult emitKernel(kernel::MatmulOp op, KernelBody &body);
mlir::LogicalResult emitKernel(kernel::MapOp op, KernelBody &body);
mlir::LogicalResult emitKernel(kernel::QuantizeOp op, KernelBody &body);
mlir::LogicalResult emitKernel(kernel::RopeAppendOp op, KernelBody &body);
mlir::LogicalResult emitKernel(kernel::AttentionOp op, KernelBody &body);

/// The same for products whose x is codes, too.
mlir::LogicalResult emitIntegerMatmul(kernel::MatmulOp op, KernelBody &body);

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_KERNELEMITTERS_H
