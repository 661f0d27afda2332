//===- EmitGather.cpp - rows of a table, by index -------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/Emitters.h"
#include "lowering/gpu/KernelConfig.h"
#include "lowering/gpu/KernelFunction.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;
using Kind = kernel::Argument::Kind;

/// Elements that a thread copies at once: 16 bytes of bf16.
static constexpr int64_t kChunk = 8;

LogicalResult ptx::emitGather(kernel::GatherOp op, gpu::GPUModuleOp module) {
  FailureOr<RowConfig> config = RowConfig::read(op);
  if (failed(config))
    return failure();
  KernelFunction function(op, module);
  PtxBuilder &b = function.getBuilder();
  Matrix table = isWeight(op.getTable()) ? function.weightRows(op.getTable())
                                         : function.activation(op.getTable());
  Matrix result = function.activation(op.getResult());
  Value indices =
      op.getIndices() ? function.vector(op.getIndices()).base : function.pointer(Kind::TokenPos);

  Scalar t = b.blockId(0);
  Value source = table.row(b, b.loadI32(indices, t));
  Value target = result.row(b, t);
  // The last chunk may reach into the padding of both rows.
  b.forLoop(b.threadId() * kChunk, b.i32(result.columns), b.i32(config->threads * kChunk),
            [&](Scalar column) {
              b.storeFloats(target, result.element, column,
                            b.loadFloats(source, table.element, column, kChunk, table.access));
            });
  return success();
}
