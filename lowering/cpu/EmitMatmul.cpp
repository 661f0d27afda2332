//===- EmitMatmul.cpp - products with packed weights ----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/CodeDecoder.h"
#include "lowering/cpu/KernelEmitters.h"
#include "lowering/cpu/MatmulEpilogue.h"
#include "lowering/cpu/MatmulTile.h"
#include "lowering/cpu/ParameterReader.h"
#include <numeric>

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

using Values = CodeBuilder::Values;

static constexpr int64_t kPanelWidth = llm::PackOp::kPanelWidth;

namespace {

/// One product. Every sum is one chain of fused multiply-adds over k in order, on every path, so
/// that a row's result does not depend on the rows beside it.
class MatmulEmitter {
public:
  MatmulEmitter(kernel::MatmulOp op, const MatmulGeometry &geometry, KernelBody &body)
      : op(op), geometry(geometry), body(body), b(body.b), epilogue(op, body) {}

  LogicalResult emit();

private:
  using Item = MatmulEpilogue::Sums;
  Item itemAt(Value index);

  PanelPointers panelAt(Value panel, Value k);
  Value sumAddress(Value panel, Value row);
  Value xAddress(Value row, Value k);

  void multiplyOneRow(const Item &item);
  void multiplyDirectly(const Item &item);
  void multiplyBlocked(const Item &item);
  void clearSums(const Item &item);
  void forEachKBlock(llvm::function_ref<void(Value k, Value count)> block);
  void convertPanel(PanelPointers from, Value to, Value count);
  void multiplyRows(const Item &item, Value panel, Value k, Value count, PanelPointers weights,
                    TileWeights kind);
  LogicalResult finish(const Item &item);

  kernel::MatmulOp op;
  const MatmulGeometry &geometry;
  KernelBody &body;
  CodeBuilder &b;
  MatmulEpilogue epilogue;
  Value x, rows;
  PanelPointers weight; ///< of the first panel
};

} // namespace

LogicalResult MatmulEmitter::emit() {
  x = body.nextPointer();
  weight.weights = body.nextPointer();
  if (geometry.weight.isCodes())
    weight.scales = body.nextPointer();
  if (geometry.weight.hasZeros())
    weight.zeros = body.nextPointer();
  epilogue.readArguments();
  rows = body.nextRows(geometry.staticRows);
  LogicalResult status = success();
  body.forEachItem([&](Value index) {
    Item item = itemAt(index);
    if (geometry.staticRows == 1) {
      multiplyOneRow(item);
    } else {
      auto multiplyMany = [&] {
        if (!geometry.hasManyRows())
          return multiplyDirectly(item);
        b.when(
            b.isLess(b.i64(geometry.config.directRows), item.rows), [&] { multiplyBlocked(item); },
            [&] { multiplyDirectly(item); });
      };
      b.when(b.isEqual(item.rows, b.i64(1)), [&] { multiplyOneRow(item); }, multiplyMany);
    }
    status = finish(item);
  });
  return status;
}

MatmulEmitter::Item MatmulEmitter::itemAt(Value index) {
  int64_t groups = geometry.groups(), panels = geometry.config.panels;
  Item item = {body.scratch, geometry.sumsStride(), {}, {}, {}, {}};
  Value group = geometry.staticRows == 1 ? index : b.remainder(index, groups);
  item.firstPanel = b.multiply(group, panels);
  item.panels = geometry.panels % panels == 0
                    ? b.i64(panels)
                    : b.minimum(b.subtract(b.i64(geometry.panels), item.firstPanel), b.i64(panels));
  item.firstRow = geometry.staticRows == 1
                      ? b.i64(0)
                      : b.multiply(b.divide(index, groups), geometry.rowsPerItem());
  item.rows = b.minimum(b.subtract(rows, item.firstRow), b.i64(geometry.rowsPerItem()));
  return item;
}

//===----------------------------------------------------------------------===//
// Addresses
//===----------------------------------------------------------------------===//

PanelPointers MatmulEmitter::panelAt(Value panel, Value k) {
  const PanelFormat &format = geometry.weight;
  Value row = b.divide(k, format.depth());
  PanelPointers at;
  at.weights = b.bytes(weight.weights, b.add(b.multiply(panel, format.panelBytes()),
                                             b.multiply(row, format.rowBytes())));
  // A block of k begins with groups that lie together, or lies in the only one.
  auto parameters = [&](Value first) {
    if (!first)
      return Value();
    ParameterReader reader(b, format);
    Value ofPanel = reader.panelAt(first, panel);
    return format.groups() == 1 ? ofPanel
                                : reader.groupAt(ofPanel, b.divide(k, format.groupSize()));
  };
  at.scales = parameters(weight.scales);
  at.zeros = parameters(weight.zeros);
  return at;
}

Value MatmulEmitter::sumAddress(Value panel, Value row) {
  Value index = b.add(b.multiply(row, geometry.sumsStride()), b.multiply(panel, kPanelWidth));
  return b.element(b.getF32Type(), body.scratch, index);
}

Value MatmulEmitter::xAddress(Value row, Value k) {
  return b.element(b.getF32Type(), x, b.add(b.multiply(row, rowStride(geometry.k())), k));
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

void MatmulEmitter::multiplyOneRow(const Item &item) {
  // Each stream has two vectors of sums.
  int64_t registers = llvm::bit_floor(uint64_t(body.target.traits().accumulators / 2));
  int64_t streams = std::min({geometry.config.panels, geometry.panels, registers});
  b.tiles(item.panels, streams, [&](Value panel, int64_t size) {
    func::FuncOp row = matmulRow(body.target, geometry, size, op.getLoc());
    Values arguments = {xAddress(item.firstRow, b.i64(0)), sumAddress(panel, b.i64(0))};
    arguments.append(panelAt(b.add(item.firstPanel, panel), b.i64(0)).values());
    func::CallOp::create(b, row, arguments);
  });
}

void MatmulEmitter::clearSums(const Item &item) {
  Value zero = b.splat(0.0);
  b.loop(b.i64(0), item.panels, 1, [&](Value panel) {
    b.loop(b.i64(0), item.rows, 1, [&](Value row) {
      Value address = sumAddress(panel, row);
      for (int64_t lane = 0; lane < kPanelWidth; lane += kLanes)
        b.storeVector(zero, b.element(b.getF32Type(), address, lane));
    });
  });
}

void MatmulEmitter::forEachKBlock(llvm::function_ref<void(Value, Value)> block) {
  int64_t size = geometry.kBlock();
  b.loop(b.i64(0), b.i64(geometry.k()), size,
         [&](Value k) { block(k, b.minimum(b.subtract(b.i64(geometry.k()), k), b.i64(size))); });
}

/// Adds a block of k of one panel to the sums of all rows of the item.
void MatmulEmitter::multiplyRows(const Item &item, Value panel, Value k, Value count,
                                 PanelPointers weights, TileWeights kind) {
  b.tiles(item.rows, tileRows(body.target.level), [&](Value row, int64_t size) {
    func::FuncOp tile = matmulTile(body.target, geometry, size, kind, op.getLoc());
    Values arguments = {xAddress(b.add(item.firstRow, row), k), sumAddress(panel, row), count};
    arguments.append(weights.values());
    func::CallOp::create(b, tile, arguments);
  });
}

/// Few rows: each panel is read once from memory, in the order in which it lies there.
void MatmulEmitter::multiplyDirectly(const Item &item) {
  clearSums(item);
  b.loop(b.i64(0), item.panels, 1, [&](Value panel) {
    forEachKBlock([&](Value k, Value count) {
      PanelPointers weights = panelAt(b.add(item.firstPanel, panel), k);
      multiplyRows(item, panel, k, count, weights, TileWeights::Stored);
    });
  });
}

/// Many rows: a block of k of every row stays in the L2 cache while all panels pass by.
void MatmulEmitter::multiplyBlocked(const Item &item) {
  clearSums(item);
  Value converted = b.bytes(body.scratch, geometry.sumsBytes());
  forEachKBlock([&](Value k, Value count) {
    b.loop(b.i64(0), item.panels, 1, [&](Value panel) {
      PanelPointers weights = panelAt(b.add(item.firstPanel, panel), k);
      if (geometry.convertsWeights()) {
        convertPanel(weights, converted, count);
        weights = {converted, Value(), Value()};
      }
      multiplyRows(item, panel, k, count, weights, TileWeights::Cached);
    });
  });
}

void MatmulEmitter::convertPanel(PanelPointers from, Value to, Value count) {
  // The same rows of the next panel are wanted after all rows of x.
  PanelReader reader(b, body.target.level, geometry.weight, from, /*streams=*/1,
                     {geometry.weight.panelBytes(), /*intoL1=*/false});
  int64_t multiple = std::gcd(geometry.k(), geometry.kBlock());
  reader.forEachK(count, multiple, {}, [&](Value k, PanelReader::Load load, ValueRange) {
    Value target = b.element(b.getF32Type(), to, b.multiply(k, kPanelWidth));
    for (int64_t lane = 0; lane < kPanelWidth; lane += kLanes)
      b.storeVector(load(0, lane), b.element(b.getF32Type(), target, lane));
    return Values();
  });
}

LogicalResult MatmulEmitter::finish(const Item &item) {
  const PanelFormat &format = geometry.weight;
  if (!format.scalesSums)
    return epilogue.emit(item);
  double factor = CodeDecoder(b, body.target.level, format.scheme).factor();
  return epilogue.emit(item, /*scaleOf=*/nullptr, [&](Value panel, int64_t lane) {
    ParameterReader reader(b, format);
    Value scale = reader.load(reader.panelAt(weight.scales, panel), b.i64(0), lane);
    return b.mulf(scale, b.splat(factor));
  });
}

LogicalResult cpu::emitKernel(kernel::MatmulOp op, KernelBody &body) {
  if (op.getXScheme())
    return emitIntegerMatmul(op, body);
  FailureOr<MatmulConfig> config = readConfig<MatmulConfig>(op);
  if (failed(config))
    return failure();
  MatmulGeometry geometry(op, *config);
  return MatmulEmitter(op, geometry, body).emit();
}
