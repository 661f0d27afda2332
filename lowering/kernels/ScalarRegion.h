//===- ScalarRegion.h - epilogues and map bodies ----------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_KERNELS_SCALARREGION_H
#define QOPT_LOWERING_KERNELS_SCALARREGION_H

#include "dialects/kernel/Kernel.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace qopt::kernel {

/// Computes a region's result from its f32 arguments.
using ScalarFunction =
    llvm::function_ref<mlir::Value(mlir::ImplicitLocOpBuilder &, mlir::ValueRange)>;

/// Fills an empty region with a block of `arguments` f32 arguments that yields `compute`'s value.
void buildScalarRegion(mlir::Region &region, mlir::Location loc, size_t arguments,
                       ScalarFunction compute);

/// `x / (1 + exp(-x))`.
mlir::Value buildSilu(mlir::ImplicitLocOpBuilder &builder, mlir::Value x);

/// Exact, or GPT-2's tanh form.
mlir::Value buildGelu(mlir::ImplicitLocOpBuilder &builder, mlir::Value x, llm::GeluKind kind);

/// Copies the ops of `region`, with `arguments` for its arguments, and returns what it yields.
mlir::Value inlineScalarRegion(mlir::OpBuilder &builder, mlir::Region &region,
                               mlir::ValueRange arguments);

/// Whether the region yields its only argument: the map is a slice.
bool isIdentity(mlir::Region &region);

/// Whether the region yields the sum of its two arguments.
bool isSum(mlir::Region &region);

} // namespace qopt::kernel

#endif // QOPT_LOWERING_KERNELS_SCALARREGION_H
