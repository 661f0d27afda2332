//===- Epilogue.h - what a product does with its sums -----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_GPU_EPILOGUE_H
#define QOPT_LOWERING_GPU_EPILOGUE_H

#include "lowering/gpu/KernelFunction.h"

namespace qopt::ptx {

/// Inlines the epilogue region of a product on finished sums, loads its extras and stores the
/// result.
class Epilogue {
public:
  Epilogue(kernel::MatmulOp op, KernelFunction &function) : op(op), function(function) {}

  /// Finishes the result's elements `[row, column + i]`; `sums[i]` holds one f32 for each way. The
  /// row and the first column are within the result; later columns may be in its padding, and the
  /// address of the first is a multiple of the size of all.
  void store(Scalar row, Scalar column, llvm::ArrayRef<llvm::SmallVector<Scalar>> sums);

private:
  llvm::SmallVector<Scalar> loadExtra(mlir::Value extra, Scalar row, Scalar column, unsigned count);

  kernel::MatmulOp op;
  KernelFunction &function;
};

} // namespace qopt::ptx

#endif // QOPT_LOWERING_GPU_EPILOGUE_H
