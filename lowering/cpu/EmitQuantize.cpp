//===- EmitQuantize.cpp - codes and scales of activations -----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/KernelConfig.h"
#include "lowering/cpu/KernelEmitters.h"
#include "lowering/cpu/Launch.h"
#include "lowering/cpu/QuantizeLaunch.h"
#include "lowering/cpu/RowQuantizer.h"
#include "lowering/cpu/VectorMath.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

static int64_t columnsOf(Value activation) {
  return cast<RankedTensorType>(activation.getType()).getDimSize(1);
}

/// Whether it is an input itself that is quantized.
static bool yieldsInput(kernel::QuantizeOp op) {
  return op.getInputs().size() == 1 && llvm::hasSingleElement(op.getBody().front());
}

namespace {

/// Rows of what the region computes.
class QuantizeEmitter {
public:
  QuantizeEmitter(kernel::QuantizeOp op, KernelBody &body)
      : op(op), body(body), b(body.b), columns(columnsOf(op.getResult())),
        asValues(getElementTypeOrSelf(op.getResult().getType()).isF32()),
        quantizer(b, op.getScheme(), columns, asValues) {}

  LogicalResult emit(int64_t rowsPerItem);

private:
  Value rowOf(Value pointer, Type element, int64_t rowColumns, Value row) {
    return b.element(element, pointer, b.multiply(row, rowStride(rowColumns)));
  }
  Value resultRow(Value row) {
    return rowOf(result, getElementTypeOrSelf(op.getResult().getType()), columns, row);
  }
  /// The row's values: an input's own, or in scratch memory.
  Value values(Value row);
  void quantizeTogether(Value rows);

  kernel::QuantizeOp op;
  KernelBody &body;
  CodeBuilder &b;
  int64_t columns;
  bool asValues;
  RowQuantizer quantizer;
  SmallVector<Value> inputs;
  Value given, result, scales;
  LogicalResult status = success();
};

} // namespace

Value QuantizeEmitter::values(Value row) {
  Type f32 = b.getF32Type();
  SmallVector<Value> from;
  for (auto [pointer, input, offset] : llvm::zip(inputs, op.getInputs(), op.getOffsets()))
    from.push_back(b.element(f32, rowOf(pointer, f32, columnsOf(input), row), offset));
  if (yieldsInput(op))
    return from.front();
  b.columns(columns, [&](Value column, int64_t lanes) {
    SmallVector<Value> elements;
    for (Value input : from)
      elements.push_back(b.loadVector(f32, b.element(f32, input, column), lanes));
    FailureOr<Value> value = inlineOnVectors(b, op.getBody(), elements);
    if (failed(value))
      status = failure();
    else
      b.storeVector(*value, b.element(f32, body.scratch, column), lanes);
  });
  return body.scratch;
}

/// All rows with one scale: their values are computed twice rather than kept.
void QuantizeEmitter::quantizeTogether(Value rows) {
  SmallVector<Value> largest =
      b.loop(b.i64(0), rows, 1, b.splat(0), [&](Value row, ValueRange sofar) {
        return SmallVector<Value>{quantizer.largestOf(values(row), sofar.front())};
      });
  RowQuantizer::Block block = quantizer.blockOf(largest.front());
  if (scales)
    quantizer.storeScale(block, scales, b.i64(0));
  b.loop(b.i64(0), rows, 1,
         [&](Value row) { quantizer.encode(block, values(row), resultRow(row)); });
}

LogicalResult QuantizeEmitter::emit(int64_t rowsPerItem) {
  auto next = [&](Value value) { return value ? body.nextPointer() : Value(); };
  for (Value input : op.getInputs())
    inputs.push_back(next(input));
  given = next(op.getScale());
  result = next(op.getResult());
  scales = next(op.getScales());
  Value rows = body.nextRows(staticRowsOf(op.getResult()));
  if (isQuantizedTogether(op)) {
    body.forEachItem([&](Value) { quantizeTogether(rows); });
    return status;
  }
  body.forEachRow(rows, rowsPerItem, [&](Value row) {
    if (given)
      return quantizer.quantizeBy(given, values(row), resultRow(row));
    Value rowScales =
        scales ? rowOf(scales, b.getF32Type(), columnsOf(op.getScales()), row) : Value();
    quantizer.quantize(values(row), resultRow(row), rowScales);
  });
  return status;
}

bool cpu::isQuantizedTogether(kernel::QuantizeOp op) {
  return op.getScheme().getGranularity() == q::Granularity::Tensor && !op.getScale();
}

int64_t cpu::quantizeScratchBytes(kernel::QuantizeOp op) {
  return yieldsInput(op) ? 0 : rowStride(columnsOf(op.getResult())) * int64_t(sizeof(float));
}

LogicalResult cpu::emitKernel(kernel::QuantizeOp op, KernelBody &body) {
  FailureOr<RowConfig> config = readConfig<RowConfig>(op);
  if (failed(config))
    return failure();
  bool asValues = getElementTypeOrSelf(op.getResult().getType()).isF32();
  if (!asValues && op.getScheme().getStorage() != q::Storage::Int8)
    return op.emitOpError() << "has no CPU code for codes of "
                            << stringifyStorage(op.getScheme().getStorage())
                            << "; int8 has, and values for all";
  return QuantizeEmitter(op, body).emit(config->rows);
}
