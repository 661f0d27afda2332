//===- MatmulEpilogue.h - from sums to the results of a product -*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_MATMULEPILOGUE_H
#define QOPT_LOWERING_CPU_MATMULEPILOGUE_H

#include "dialects/kernel/Kernel.h"
#include "lowering/cpu/KernelBody.h"

namespace qopt::cpu {

/// The region of a product on the finished sums of an item.
class MatmulEpilogue {
public:
  MatmulEpilogue(kernel::MatmulOp op, KernelBody &body) : op(op), body(body), b(body.b) {}

  /// Reads the next arguments of the kernel: extras and result.
  void readArguments();

  /// Where an item's sums lie, `[rows][stride]` f32 with 32 for each panel, and whose they are.
  struct Sums {
    mlir::Value pointer;
    int64_t stride;
    mlir::Value firstPanel, panels, firstRow, rows;
  };
  /// A vector that a row's sums are multiplied with first.
  using RowScale = llvm::function_ref<mlir::Value(mlir::Value row)>;
  /// A vector that sums of 16 columns are multiplied with first, from `lane` of a panel on.
  using ColumnScale = llvm::function_ref<mlir::Value(mlir::Value panel, int64_t lane)>;
  mlir::LogicalResult emit(const Sums &sums, RowScale scaleOf = nullptr,
                           ColumnScale columnScaleOf = nullptr);

private:
  mlir::Value loadExtra(size_t index, mlir::Value row, mlir::Value column);

  kernel::MatmulOp op;
  KernelBody &body;
  CodeBuilder &b;
  CodeBuilder::Values extras;
  mlir::Value result;
};

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_MATMULEPILOGUE_H
