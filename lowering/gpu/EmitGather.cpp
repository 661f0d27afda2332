//===- EmitGather.cpp - rows of a table, by index -------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/Emitters.h"
#include "lowering/gpu/KernelConfig.h"
#include "lowering/gpu/KernelFunction.h"
#include "lowering/gpu/WeightCodes.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;
using Kind = kernel::Argument::Kind;
using llvm::SmallVector;

/// Elements that a thread copies at once: 16 bytes of bf16.
static constexpr int64_t kChunk = 8;

static SmallVector<Scalar> dequantizeChunk(PtxBuilder &b, WeightCodes &codes, Scalar row,
                                           Scalar column) {
  WeightCodes::Parameters parameters = codes.loadParameters(row, column);
  SmallVector<Scalar> values;
  for (int64_t word = 0; word < codes.bits() / 4; ++word) {
    Scalar bits = b.loadI32(codes.at(row, column), b.i32(word));
    for (Scalar code : codes.decode(bits, 32 / codes.bits()))
      values.push_back(parameters.offset ? fma(parameters.scale, code, parameters.offset)
                                         : parameters.scale * code);
  }
  return values;
}

LogicalResult ptx::emitGather(kernel::GatherOp op, gpu::GPUModuleOp module) {
  FailureOr<RowConfig> config = RowConfig::read(op);
  if (failed(config))
    return failure();
  KernelFunction function(op, module);
  PtxBuilder &b = function.getBuilder();
  Matrix table = isWeight(op.getTable()) ? function.weightRows(op.getTable())
                                         : function.activation(op.getTable());
  std::optional<WeightCodes> codes;
  if (op.getTableScheme())
    codes.emplace(function, op.getTable(), op.getTableParameters(), *op.getTableScheme(),
                  cast<RankedTensorType>(op.getResult().getType()).getDimSize(1));
  Matrix result = function.activation(op.getResult());
  Value indices =
      op.getIndices() ? function.vector(op.getIndices()).base : function.pointer(Kind::TokenPos);

  Scalar t = b.blockId(0);
  Scalar row = b.loadI32(indices, t);
  Value target = result.row(b, t);
  auto loadChunk = [&](Scalar column) {
    return codes ? dequantizeChunk(b, *codes, row, column)
                 : b.loadFloats(table.row(b, row), table.element, column, kChunk, table.access);
  };
  // The last chunk may reach into the padding of both rows.
  b.forLoop(
      b.threadId() * kChunk, b.i32(result.columns), b.i32(config->threads * kChunk),
      [&](Scalar column) { b.storeFloats(target, result.element, column, loadChunk(column)); });
  return success();
}
