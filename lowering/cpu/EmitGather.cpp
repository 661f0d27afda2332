//===- EmitGather.cpp - rows of a table --------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/KernelConfig.h"
#include "lowering/cpu/KernelEmitters.h"
#include "lowering/cpu/Launch.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

static constexpr int64_t kPanelWidth = llm::PackOp::kPanelWidth;

LogicalResult cpu::emitKernel(kernel::GatherOp op, KernelBody &body) {
  FailureOr<RowConfig> config = readConfig<RowConfig>(op);
  if (failed(config))
    return failure();
  auto tableType = cast<RankedTensorType>(op.getTable().getType());
  Type type = tableType.getElementType();
  int64_t columns = tableType.getDimSize(1);
  bool isPacked = tableType.getRank() == 3;
  // Rows of a plain weight lie one behind the other, rows of an activation at a stride.
  bool isWeight = op.getTable().getDefiningOp<llm::GetOp>() != nullptr;
  int64_t tableStride = isWeight ? columns : rowStride(columns);

  CodeBuilder &b = body.b;
  Value table = body.nextPointer(), indices = body.nextPointer(), result = body.nextPointer();
  Value rows = body.nextRows(staticRowsOf(op.getResult()));
  body.forEachRow(rows, config->rows, [&](Value row) {
    Value index = b.loadIndex(indices, row);
    Value to = b.element(b.getF32Type(), result, b.multiply(row, rowStride(columns)));
    if (!isPacked) {
      Value from = b.element(type, table, b.multiply(index, tableStride));
      b.columns(columns, [&](Value column, int64_t lanes) {
        Value vector = b.loadVector(type, b.element(type, from, column), lanes);
        b.storeVector(vector, b.element(b.getF32Type(), to, column), lanes);
      });
      return;
    }
    // A row is a lane of its panel.
    Value panel = b.multiply(b.divide(index, kPanelWidth), columns * kPanelWidth);
    Value from = b.element(type, table, b.add(panel, b.remainder(index, kPanelWidth)));
    b.loop(b.i64(0), b.i64(columns), 1, [&](Value column) {
      Value value = b.loadScalar(type, b.element(type, from, b.multiply(column, kPanelWidth)));
      b.store(value, b.element(b.getF32Type(), to, column));
    });
  });
  return success();
}
