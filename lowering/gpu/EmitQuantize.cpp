//===- EmitQuantize.cpp - codes of the rows of an activation --------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A block takes a row and holds it in registers, as that of a norm does.
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/Emitters.h"
#include "lowering/gpu/KernelConfig.h"
#include "lowering/gpu/MapBody.h"
#include "lowering/gpu/RowQuantizer.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;
using llvm::SmallVector;

LogicalResult ptx::emitQuantize(kernel::QuantizeOp op, gpu::GPUModuleOp module) {
  FailureOr<RowConfig> config = RowConfig::read(op);
  if (failed(config))
    return failure();
  KernelFunction function(op, module);
  PtxBuilder &b = function.getBuilder();
  int64_t columns = cast<RankedTensorType>(op.getResult().getType()).getDimSize(1);
  int64_t atOnce = config->threads * kMapColumns;
  Scalar row = b.blockId(0);
  auto columnOf = [&](int64_t i) { return (b.threadId() + i * config->threads) * kMapColumns; };

  SmallVector<SmallVector<Scalar>> values;
  for (int64_t i = 0; i * atOnce < columns; ++i) {
    Scalar column = columnOf(i);
    SmallVector<Value> zeros(kMapColumns, b.f32(0));
    SmallVector<Value> inRow = b.ifElse(column < columns, zeros, [&] {
      SmallVector<Value> elements;
      for (auto [j, value] : llvm::enumerate(computeMap(op, function, row, column)))
        elements.push_back(select(column + int64_t(j) < columns, value, b.f32(0)));
      return elements;
    });
    values.push_back(llvm::map_to_vector(inRow, [&](Value v) { return b.wrap(v); }));
  }
  RowQuantizer quantizer(function, op.getScheme(), op.getResult(), op.getScales(), op.getScale());
  quantizer.begin(values, row, config->threads, b.sharedMemory());
  for (auto [i, vector] : llvm::enumerate(values)) {
    Scalar column = columnOf(int64_t(i));
    b.ifThen(column < columns, [&] { quantizer.store(i, row, column, vector); });
  }
  return success();
}
