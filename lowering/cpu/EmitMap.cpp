//===- EmitMap.cpp - scalar regions on every element -------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/KernelConfig.h"
#include "lowering/cpu/KernelEmitters.h"
#include "lowering/cpu/Launch.h"
#include "lowering/cpu/VectorMath.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

LogicalResult cpu::emitKernel(kernel::MapOp op, KernelBody &body) {
  FailureOr<RowConfig> config = readConfig<RowConfig>(op);
  if (failed(config))
    return failure();
  CodeBuilder &b = body.b;
  SmallVector<Value> inputs;
  for (size_t i = 0; i < op.getInputs().size(); ++i)
    inputs.push_back(body.nextPointer());
  Value result = body.nextPointer();
  Value rows = body.nextRows(staticRowsOf(op.getResult()));
  Type f32 = b.getF32Type();
  auto columnsOf = [](Value activation) {
    return cast<RankedTensorType>(activation.getType()).getDimSize(1);
  };
  auto rowAddress = [&](Value pointer, Value activation, Value row) {
    return b.element(f32, pointer, b.multiply(row, rowStride(columnsOf(activation))));
  };
  LogicalResult status = success();
  body.forEachRow(rows, config->rows, [&](Value row) {
    SmallVector<Value> from;
    for (auto [pointer, input, offset] : llvm::zip(inputs, op.getInputs(), op.getOffsets()))
      from.push_back(b.element(f32, rowAddress(pointer, input, row), offset));
    Value to = rowAddress(result, op.getResult(), row);
    b.columns(columnsOf(op.getResult()), [&](Value column, int64_t lanes) {
      SmallVector<Value> values;
      for (Value input : from)
        values.push_back(b.loadVector(f32, b.element(f32, input, column), lanes));
      FailureOr<Value> value = inlineOnVectors(b, op.getBody(), values);
      if (failed(value))
        status = failure();
      else
        b.storeVector(*value, b.element(f32, to, column), lanes);
    });
  });
  return status;
}
