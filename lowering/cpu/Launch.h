//===- Launch.h - rows, strides and grids ------------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_LAUNCH_H
#define QOPT_LOWERING_CPU_LAUNCH_H

#include "dialects/kernel/Kernel.h"
#include <optional>

namespace qopt::cpu {

/// Elements from one row of an activation with `columns` columns to the next.
int64_t rowStride(int64_t columns);

/// A grid of one to three factors.
kernel::LaunchAttr launchOver(mlir::MLIRContext *context, llvm::ArrayRef<mlir::AffineExpr> grid,
                              int64_t scratch);

/// The factor that cuts the rows of a function into blocks.
mlir::AffineExpr rowBlocks(mlir::MLIRContext *context, std::optional<int64_t> staticRows,
                           int64_t rowsPerItem);

/// The number of rows of an activation, where known.
std::optional<int64_t> staticRowsOf(mlir::Value activation);

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_LAUNCH_H
