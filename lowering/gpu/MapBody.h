//===- MapBody.h - the elements that a map computes -------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_GPU_MAPBODY_H
#define QOPT_LOWERING_GPU_MAPBODY_H

#include "lowering/gpu/Emitters.h"
#include "lowering/gpu/KernelFunction.h"
#include "lowering/kernels/ScalarRegion.h"

namespace qopt::ptx {

/// Elements `[column, column + kMapColumns)` of a row of an input, shifted by `offset` columns.
llvm::SmallVector<Scalar> loadShifted(PtxBuilder &b, const Matrix &input, Scalar row, Scalar column,
                                      int64_t offset);

/// What the body of a kernel.map or kernel.quantize makes of `kMapColumns` columns of a row.
template <typename Op>
llvm::SmallVector<Scalar> computeMap(Op op, KernelFunction &function, Scalar row, Scalar column) {
  PtxBuilder &b = function.getBuilder();
  llvm::SmallVector<llvm::SmallVector<Scalar>> inputs;
  for (auto [input, offset] : llvm::zip_equal(op.getInputs(), op.getOffsets()))
    inputs.push_back(loadShifted(b, function.activation(input), row, column, offset));
  llvm::SmallVector<Scalar> values;
  for (int64_t i = 0; i < kMapColumns; ++i) {
    llvm::SmallVector<mlir::Value> arguments;
    for (llvm::ArrayRef<Scalar> input : inputs)
      arguments.push_back(input[i]);
    values.push_back(b.wrap(kernel::inlineScalarRegion(b, op.getBody(), arguments)));
  }
  return values;
}

} // namespace qopt::ptx

#endif // QOPT_LOWERING_GPU_MAPBODY_H
