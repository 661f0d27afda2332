//===- EmitIntegerMatmul.cpp - products of codes with codes ---------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/IntegerTile.h"
#include "lowering/cpu/KernelEmitters.h"
#include "lowering/cpu/MatmulEpilogue.h"
#include "lowering/cpu/ParameterReader.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

using Values = CodeBuilder::Values;

static constexpr int64_t kPanelWidth = llm::PackOp::kPanelWidth;

namespace {

class IntegerMatmulEmitter {
public:
  IntegerMatmulEmitter(kernel::MatmulOp op, const IntegerGeometry &geometry, KernelBody &body)
      : op(op), geometry(geometry), body(body), b(body.b), epilogue(op, body) {}

  LogicalResult emit();

private:
  MatmulEpilogue::Sums itemAt(Value index);
  void multiplyOneRow(const MatmulEpilogue::Sums &item);
  void multiplyRows(const MatmulEpilogue::Sums &item);
  void sumCodes(Value firstRow, Value rows);
  void clearSums(const MatmulEpilogue::Sums &item);
  LogicalResult finish(const MatmulEpilogue::Sums &item);

  Value xAddress(Value row) { return b.bytes(x, b.multiply(row, rowStride(geometry.k))); }
  /// The scales of a row of x; of all rows where they share one.
  Value xScalesAddress(Value row);
  Value codeSumsAddress(Value itemRow);
  Value sumAddress(Value itemRow, Value panel);
  Value parameters(Value pointer, Value panel);

  kernel::MatmulOp op;
  const IntegerGeometry &geometry;
  KernelBody &body;
  CodeBuilder &b;
  MatmulEpilogue epilogue;
  Value x, xScales, weight, scales, zeros, rows;
};

} // namespace

//===----------------------------------------------------------------------===//
// Addresses
//===----------------------------------------------------------------------===//

Value IntegerMatmulEmitter::xScalesAddress(Value row) {
  if (geometry.sharesXScale)
    return xScales;
  return b.element(b.getF32Type(), xScales, b.multiply(row, rowStride(geometry.xGroups)));
}

Value IntegerMatmulEmitter::sumAddress(Value itemRow, Value panel) {
  Value index = b.add(b.multiply(itemRow, geometry.sumsStride()), b.multiply(panel, kPanelWidth));
  return b.element(b.getF32Type(), body.scratch, index);
}

Value IntegerMatmulEmitter::codeSumsAddress(Value itemRow) {
  Value first = b.bytes(body.scratch, geometry.sumsBytes());
  return b.element(b.getI32Type(), first, b.multiply(itemRow, geometry.blocks()));
}

Value IntegerMatmulEmitter::parameters(Value pointer, Value panel) {
  return ParameterReader(b, geometry.weight).panelAt(pointer, panel);
}

//===----------------------------------------------------------------------===//
// Items
//===----------------------------------------------------------------------===//

LogicalResult IntegerMatmulEmitter::emit() {
  x = body.nextPointer();
  xScales = body.nextPointer();
  weight = body.nextPointer();
  scales = body.nextPointer();
  zeros = geometry.zero == q::ZeroPoint::None ? scales : body.nextPointer();
  epilogue.readArguments();
  rows = body.nextRows(geometry.staticRows);
  if (geometry.staticRows == 1)
    sumCodes(b.i64(0), b.i64(1));
  LogicalResult status = success();
  body.forEachItem([&](Value index) {
    MatmulEpilogue::Sums item = itemAt(index);
    if (geometry.staticRows == 1)
      multiplyOneRow(item);
    else
      multiplyRows(item);
    status = finish(item);
  });
  return status;
}

MatmulEpilogue::Sums IntegerMatmulEmitter::itemAt(Value index) {
  int64_t groups = geometry.groups(), panels = geometry.config.panels;
  MatmulEpilogue::Sums item = {body.scratch, geometry.sumsStride(), {}, {}, {}, {}};
  bool isOneRow = geometry.staticRows == 1;
  item.firstPanel = b.multiply(isOneRow ? index : b.remainder(index, groups), panels);
  item.panels = geometry.panels % panels == 0
                    ? b.i64(panels)
                    : b.minimum(b.subtract(b.i64(geometry.panels), item.firstPanel), b.i64(panels));
  item.firstRow = isOneRow ? b.i64(0) : b.multiply(b.divide(index, groups), geometry.rowsPerItem());
  item.rows = b.minimum(b.subtract(rows, item.firstRow), b.i64(geometry.rowsPerItem()));
  return item;
}

void IntegerMatmulEmitter::sumCodes(Value firstRow, Value count) {
  func::FuncOp function = codeSums(body.target, geometry, op.getLoc());
  b.loop(b.i64(0), count, 1, [&](Value itemRow) {
    func::CallOp::create(b, function,
                         ValueRange{xAddress(b.add(firstRow, itemRow)), codeSumsAddress(itemRow)});
  });
}

void IntegerMatmulEmitter::clearSums(const MatmulEpilogue::Sums &item) {
  b.loop(b.i64(0), item.rows, 1, [&](Value row) {
    b.loop(b.i64(0), item.panels, 1, [&](Value panel) {
      for (int64_t lane = 0; lane < kPanelWidth; lane += kLanes)
        b.storeVector(b.splat(0), b.element(b.getF32Type(), sumAddress(row, panel), lane));
    });
  });
}

void IntegerMatmulEmitter::multiplyOneRow(const MatmulEpilogue::Sums &item) {
  int64_t streams =
      std::min({geometry.config.panels, geometry.panels, integerStreams(body.target.level)});
  b.tiles(item.panels, streams, [&](Value panel, int64_t size) {
    func::FuncOp function = integerRow(body.target, geometry, size, op.getLoc());
    Value first = b.add(item.firstPanel, panel), row = b.i64(0);
    func::CallOp::create(
        b, function,
        ValueRange{x, b.bytes(weight, b.multiply(first, geometry.weight.panelBytes())),
                   parameters(scales, first), parameters(zeros, first), codeSumsAddress(row),
                   xScales, sumAddress(row, panel)});
  });
}

void IntegerMatmulEmitter::multiplyRows(const MatmulEpilogue::Sums &item) {
  sumCodes(item.firstRow, item.rows);
  if (geometry.blocks() > 1)
    clearSums(item);
  Value unpacked = b.bytes(body.scratch, geometry.sumsBytes() + geometry.codeSumsBytes());
  func::FuncOp unpack = unpackPanel(body.target, geometry, op.getLoc());
  b.loop(b.i64(0), item.panels, 1, [&](Value itemPanel) {
    Value panel = b.add(item.firstPanel, itemPanel);
    Value codes = b.bytes(weight, b.multiply(panel, geometry.weight.panelBytes()));
    func::CallOp::create(b, unpack, ValueRange{codes, unpacked});
    b.tiles(item.rows, integerTileRows(body.target.level), [&](Value itemRow, int64_t size) {
      func::FuncOp tile = integerTile(body.target, geometry, size, op.getLoc());
      Value row = b.add(item.firstRow, itemRow);
      func::CallOp::create(b, tile,
                           ValueRange{xAddress(row), unpacked, parameters(scales, panel),
                                      parameters(zeros, panel), codeSumsAddress(itemRow),
                                      xScalesAddress(row), sumAddress(itemRow, itemPanel)});
    });
  });
}

/// Scales of whole rows of x are left for the end; those of groups have been applied to each.
LogicalResult IntegerMatmulEmitter::finish(const MatmulEpilogue::Sums &item) {
  if (geometry.xGroups > 1)
    return epilogue.emit(item);
  return epilogue.emit(
      item, [&](Value row) { return b.broadcast(b.load(b.getF32Type(), xScalesAddress(row))); });
}

LogicalResult cpu::emitIntegerMatmul(kernel::MatmulOp op, KernelBody &body) {
  FailureOr<MatmulConfig> config = readConfig<MatmulConfig>(op);
  if (failed(config))
    return failure();
  FailureOr<IntegerGeometry> geometry = IntegerGeometry::get(op, *config);
  if (failed(geometry))
    return failure();
  return IntegerMatmulEmitter(op, *geometry, body).emit();
}
