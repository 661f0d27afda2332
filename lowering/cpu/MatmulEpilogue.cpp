//===- MatmulEpilogue.cpp - from sums to the results of a product ---------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/MatmulEpilogue.h"
#include "lowering/cpu/Launch.h"
#include "lowering/cpu/VectorMath.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

static constexpr int64_t kPanelWidth = llm::PackOp::kPanelWidth;

void MatmulEpilogue::readArguments() {
  for (size_t i = 0; i < op.getExtras().size(); ++i)
    extras.push_back(body.nextPointer());
  result = body.nextPointer();
}

Value MatmulEpilogue::loadExtra(size_t index, Value row, Value column) {
  Value extra = op.getExtras()[index];
  Type type = getElementTypeOrSelf(extra.getType());
  // One row of 32 columns has the shape of either: only a weight is a packed vector.
  bool isRowVector = cast<RankedTensorType>(extra.getType()).getShape() !=
                         cast<RankedTensorType>(op.getResult().getType()).getShape() ||
                     extra.getDefiningOp<llm::GetOp>();
  Value element = isRowVector ? column : b.add(b.multiply(row, rowStride(op.getColumns())), column);
  return b.loadVector(type, b.element(type, extras[index], element));
}

// Rows of results are padded to whole panels, so that full vectors may be stored.
LogicalResult MatmulEpilogue::emit(const Sums &sums, RowScale scaleOf, ColumnScale columnScaleOf) {
  LogicalResult status = success();
  int64_t ways = op.getWays(), columnsPerPanel = kPanelWidth / ways;
  Type f32 = b.getF32Type();
  b.loop(b.i64(0), sums.rows, 1, [&](Value itemRow) {
    Value row = b.add(sums.firstRow, itemRow);
    Value scale = scaleOf ? scaleOf(row) : Value();
    b.loop(b.i64(0), sums.panels, 1, [&](Value panel) {
      Value index = b.add(b.multiply(itemRow, sums.stride), b.multiply(panel, kPanelWidth));
      Value firstSum = b.element(f32, sums.pointer, index);
      Value firstColumn = b.multiply(b.add(sums.firstPanel, panel), columnsPerPanel);
      for (int64_t lane = 0; lane < columnsPerPanel; lane += kLanes) {
        Value column = b.add(firstColumn, lane);
        CodeBuilder::Values values;
        for (int64_t way = 0; way < ways; ++way) {
          int64_t sumLane = lane + way * kLanes;
          Value sum = b.loadVector(f32, b.element(f32, firstSum, sumLane));
          if (columnScaleOf)
            sum = b.mulf(sum, columnScaleOf(b.add(sums.firstPanel, panel), sumLane));
          values.push_back(scale ? b.mulf(sum, scale) : sum);
        }
        for (size_t i = 0; i < extras.size(); ++i)
          values.push_back(loadExtra(i, row, column));
        FailureOr<Value> value = inlineOnVectors(b, op.getEpilogue(), values);
        if (failed(value)) {
          status = failure();
          return;
        }
        Value to = b.add(b.multiply(row, rowStride(op.getColumns())), column);
        b.storeVector(*value, b.element(f32, result, to));
      }
    });
  });
  return status;
}
