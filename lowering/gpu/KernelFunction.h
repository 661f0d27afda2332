//===- KernelFunction.h - the gpu.func of one launch ------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_GPU_KERNELFUNCTION_H
#define QOPT_LOWERING_GPU_KERNELFUNCTION_H

#include "dialects/kernel/Kernel.h"
#include "lowering/gpu/PtxBuilder.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace qopt::ptx {

/// One operand or result as the kernel sees it: where it is, what its elements are and how its rows
/// are spaced.
struct Matrix {
  mlir::Value base;   ///< pointer to global memory
  mlir::Type element; ///< f32 or bf16
  int64_t columns;
  int64_t stride; ///< elements from row to row: columns rounded up to 32
  Access access;

  /// The first element of row `row` (i32 or i64).
  mlir::Value row(PtxBuilder &b, Scalar row) const {
    return b.elementPtr(base, element, row.toI64() * stride);
  }
};

/// A `gpu.func` under construction, with the op's kernel arguments as parameters in ABI order:
/// `!llvm.ptr<1>` for pointers, i64 for numbers. Its body ends in gpu.return; the builder stands
/// before it.
class KernelFunction {
public:
  /// Appends the function to `module`. The op must be named and configured. It takes the operands
  /// in `tensorMaps` as tensor maps of 128 bytes and not as pointers.
  KernelFunction(kernel::LaunchOpInterface op, mlir::gpu::GPUModuleOp module,
                 llvm::ArrayRef<mlir::Value> tensorMaps = {});

  PtxBuilder &getBuilder() { return builder; }
  /// An operand or result with one row a token.
  Matrix activation(mlir::Value value);
  /// A weight matrix or table `[N, K]` or, packed, `[panels, K, 32]`: rows of K bf16, whatever the
  /// IR's element type, because so they are uploaded.
  Matrix weightRows(mlir::Value value);
  /// Rows of int8 codes, of an activation or a weight, as rows of pairs, called bf16.
  Matrix codePairs(mlir::Value value);
  /// A weight vector, packed or not: f32.
  Matrix vector(mlir::Value value);
  /// The address of the tensor map of an operand.
  mlir::Value tensorMap(mlir::Value operand);
  /// Where an operand is among the parameters.
  int64_t argumentIndex(mlir::Value operand);
  /// The function, for what it says beside its code.
  mlir::gpu::GPUFuncOp getFunction() { return function; }
  /// A cache pool or an index array.
  mlir::Value pointer(kernel::Argument::Kind kind);
  /// Rows, sequences or pages, as i32.
  Scalar number(kernel::Argument::Kind kind);

private:
  mlir::BlockArgument argument(llvm::function_ref<bool(const kernel::Argument &)> matches);
  mlir::BlockArgument operand(mlir::Value value);
  Matrix matrix(mlir::Value value, mlir::Type element, int64_t columns);

  llvm::SmallVector<kernel::Argument> arguments;
  mlir::gpu::GPUFuncOp function;
  PtxBuilder builder;
};

/// Whether `value` is a parameter of the model and not an activation.
bool isWeight(mlir::Value value);

/// `value` rounded up to a multiple of `multiple`.
inline int64_t roundUp(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

} // namespace qopt::ptx

#endif // QOPT_LOWERING_GPU_KERNELFUNCTION_H
