//===- EmitGather.cpp - rows of a table --------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/KernelConfig.h"
#include "lowering/cpu/KernelEmitters.h"
#include "lowering/cpu/Launch.h"
#include "lowering/cpu/PanelReader.h"
#include "lowering/cpu/ParameterReader.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

static constexpr int64_t kPanelWidth = llm::PackOp::kPanelWidth;

/// Rows of codes in panels: a row is a lane of each vector of its panel.
static void emitGatherOfCodes(kernel::GatherOp op, KernelBody &body, const RowConfig &config) {
  CodeBuilder &b = body.b;
  Type f32 = b.getF32Type();
  int64_t columns = cast<RankedTensorType>(op.getResult().getType()).getDimSize(1);
  PanelFormat format =
      PanelFormat::of(op.getTable(), op.getTableParameters(), op.getTableSchemeAttr(), columns);
  ParameterReader parameters(b, format);
  Value codes = body.nextPointer(), scales = body.nextPointer();
  Value zeros = format.hasZeros() ? body.nextPointer() : Value();
  Value indices = body.nextPointer(), result = body.nextPointer();
  Value rows = body.nextRows(staticRowsOf(op.getResult()));
  body.forEachRow(rows, config.rows, [&](Value row) {
    Value index = b.loadIndex(indices, row);
    Value to = b.element(f32, result, b.multiply(row, rowStride(columns)));
    Value panel = b.divide(index, kPanelWidth), lane = b.remainder(index, kLanes);
    Value firstLane = b.subtract(b.remainder(index, kPanelWidth), lane);
    auto parametersAt = [&](Value first) {
      Value lanes = b.multiply(firstLane, parameters.laneBytes());
      return first ? b.bytes(parameters.panelAt(first, panel), lanes) : Value();
    };
    PanelPointers at;
    at.weights = b.bytes(codes, b.add(b.multiply(panel, format.panelBytes()), firstLane));
    at.scales = parametersAt(scales);
    at.zeros = parametersAt(zeros);
    PanelReader reader(b, body.target.level, format, at);
    reader.forEachK(b.i64(columns), columns, {}, [&](Value k, PanelReader::Load load, ValueRange) {
      Value value = LLVM::ExtractElementOp::create(b, load(0, 0), lane);
      b.store(value, b.element(f32, to, k));
      return CodeBuilder::Values();
    });
  });
}

LogicalResult cpu::emitKernel(kernel::GatherOp op, KernelBody &body) {
  FailureOr<RowConfig> config = readConfig<RowConfig>(op);
  if (failed(config))
    return failure();
  if (op.getTableSchemeAttr()) {
    emitGatherOfCodes(op, body, *config);
    return success();
  }
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
