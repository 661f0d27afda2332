//===- EmitNorm.cpp - RMS and layer norms ------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/KernelConfig.h"
#include "lowering/cpu/KernelEmitters.h"
#include "lowering/cpu/Launch.h"
#include "lowering/cpu/RowQuantizer.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

namespace {

/// One row of a norm. Sums have four chains of 16 lanes, which keeps rounding errors of long rows
/// small.
class NormRow {
public:
  NormRow(kernel::NormOp op, CodeBuilder &b)
      : op(op), b(b), columns(cast<RankedTensorType>(op.getX().getType()).getDimSize(1)) {}

  Value x, residual, weight, bias, sum, result; ///< pointers to the row; null if absent

  void emit();

private:
  Value total(llvm::function_ref<Value(Value column, int64_t lanes, Value sum)> add);
  Value loadX(Value column, int64_t lanes);
  Value addend(Value column, int64_t lanes);
  Value inverseDeviation(Value total);
  Value loadWeight(Value pointer, Value tensor, Value column, int64_t lanes);

  kernel::NormOp op;
  CodeBuilder &b;
  int64_t columns;
};

} // namespace

Value NormRow::total(llvm::function_ref<Value(Value, int64_t, Value)> add) {
  SmallVector<Value> sums = b.columns(columns, SmallVector<Value>(4, b.splat(0.0)), add);
  return b.sumOfLanes(b.addf(b.addf(sums[0], sums[1]), b.addf(sums[2], sums[3])));
}

/// What is normalized, once the sum is stored.
Value NormRow::loadX(Value column, int64_t lanes) {
  Type f32 = b.getF32Type();
  return b.loadVector(f32, b.element(f32, sum ? sum : x, column), lanes);
}

/// What is normalized, on the first visit: with a residual, the sum is stored.
Value NormRow::addend(Value column, int64_t lanes) {
  Type f32 = b.getF32Type();
  Value value = b.loadVector(f32, b.element(f32, x, column), lanes);
  if (residual) {
    value = b.addf(value, b.loadVector(f32, b.element(f32, residual, column), lanes));
    b.storeVector(value, b.element(f32, sum, column), lanes);
  }
  return value;
}

Value NormRow::inverseDeviation(Value total) {
  Value mean = b.mulf(total, b.splat(1.0 / double(columns)));
  Value variance = b.addf(mean, b.splat(op.getEps().convertToDouble()));
  return b.divf(b.splat(1.0), math::SqrtOp::create(b, variance));
}

Value NormRow::loadWeight(Value pointer, Value tensor, Value column, int64_t lanes) {
  Type type = getElementTypeOrSelf(tensor.getType());
  return b.loadVector(type, b.element(type, pointer, column), lanes);
}

void NormRow::emit() {
  Value mean, inverse;
  if (op.getKind() == kernel::NormKind::Rms) {
    inverse = inverseDeviation(total([&](Value column, int64_t lanes, Value sum) {
      Value value = addend(column, lanes);
      return b.fma(value, value, sum);
    }));
  } else {
    // Two passes: the variance about the mean does not cancel.
    Value all = total(
        [&](Value column, int64_t lanes, Value sum) { return b.addf(sum, addend(column, lanes)); });
    mean = b.mulf(all, b.splat(1.0 / double(columns)));
    inverse = inverseDeviation(total([&](Value column, int64_t lanes, Value sum) {
      Value value = b.subf(loadX(column, lanes), mean);
      if (lanes < kLanes)
        value = b.select(b.maskOf(lanes), value, b.splat(0.0));
      return b.fma(value, value, sum);
    }));
  }
  b.columns(columns, [&](Value column, int64_t lanes) {
    Value value = loadX(column, lanes);
    if (mean)
      value = b.subf(value, mean);
    value = b.mulf(b.mulf(value, inverse), loadWeight(weight, op.getWeight(), column, lanes));
    if (bias)
      value = b.addf(value, loadWeight(bias, op.getBias(), column, lanes));
    b.storeVector(value, b.element(b.getF32Type(), result, column), lanes);
  });
}

/// Codes or values of the normalized row in scratch memory.
static void quantizeRow(kernel::NormOp op, KernelBody &body, Value row, Value given, Value result,
                        Value scales) {
  CodeBuilder &b = body.b;
  auto type = cast<RankedTensorType>(op.getResult().getType());
  bool asValues = type.getElementType().isF32();
  int64_t columns = type.getDimSize(1);
  Value to = b.element(type.getElementType(), result, b.multiply(row, rowStride(columns)));
  RowQuantizer quantizer(b, *op.getResultScheme(), columns, asValues);
  if (given)
    return quantizer.quantizeBy(given, body.scratch, to);
  if (scales) {
    int64_t stride = rowStride(cast<RankedTensorType>(op.getScales().getType()).getDimSize(1));
    scales = b.element(b.getF32Type(), scales, b.multiply(row, stride));
  }
  quantizer.quantize(body.scratch, to, scales);
}

LogicalResult cpu::emitKernel(kernel::NormOp op, KernelBody &body) {
  FailureOr<RowConfig> config = readConfig<RowConfig>(op);
  if (failed(config))
    return failure();
  std::optional<q::SchemeAttr> scheme = op.getResultScheme();
  if (scheme && !op.getScale() && scheme->getGranularity() == q::Granularity::Tensor)
    return op.emitOpError("has no CPU code for one scale of all rows; kernel.quantize has");
  CodeBuilder &b = body.b;
  auto next = [&](Value value) { return value ? body.nextPointer() : Value(); };
  Value x = next(op.getX()), residual = next(op.getResidual()), weight = next(op.getWeight()),
        bias = next(op.getBias()), given = next(op.getScale()), sum = next(op.getSum()),
        result = next(op.getResult()), scales = next(op.getScales());
  Value rows = body.nextRows(staticRowsOf(op.getX()));
  int64_t stride = rowStride(cast<RankedTensorType>(op.getX().getType()).getDimSize(1));
  body.forEachRow(rows, config->rows, [&](Value row) {
    Value offset = b.multiply(row, stride);
    auto at = [&](Value pointer) {
      return pointer ? b.element(b.getF32Type(), pointer, offset) : Value();
    };
    NormRow norm(op, b);
    norm.x = at(x);
    norm.residual = at(residual);
    norm.weight = weight;
    norm.bias = bias;
    norm.sum = at(sum);
    norm.result = scheme ? body.scratch : at(result);
    norm.emit();
    if (scheme)
      quantizeRow(op, body, row, given, result, scales);
  });
  return success();
}
