//===- EmitMap.cpp - a scalar region on each element ----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/Emitters.h"
#include "lowering/gpu/KernelConfig.h"
#include "lowering/gpu/MapBody.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;
using llvm::SmallVector;

SmallVector<Scalar> ptx::loadShifted(PtxBuilder &b, const Matrix &input, Scalar row, Scalar column,
                                     int64_t offset) {
  Value base = input.row(b, row);
  if (offset % kMapColumns == 0)
    return b.loadFloats(base, input.element, column + offset, kMapColumns, input.access);
  SmallVector<Scalar> values;
  for (int64_t i = 0; i < kMapColumns; ++i) {
    // The last thread of the last row must not read beyond the buffer.
    Scalar index = min(column + (offset + i), b.i32(input.columns - 1));
    values.append(b.loadFloats(base, input.element, index, 1, input.access));
  }
  return values;
}

LogicalResult ptx::emitMap(kernel::MapOp op, gpu::GPUModuleOp module) {
  FailureOr<RowConfig> config = RowConfig::read(op);
  if (failed(config))
    return failure();
  KernelFunction function(op, module);
  PtxBuilder &b = function.getBuilder();
  Matrix result = function.activation(op.getResult());

  Scalar row = b.blockId(0);
  Scalar column = (b.blockId(1) * config->threads + b.threadId()) * kMapColumns;
  b.ifThen(column < result.columns, [&] {
    b.storeFloats(result.row(b, row), result.element, column,
                  computeMap(op, function, row, column));
  });
  return success();
}
