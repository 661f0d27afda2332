//===- CodeProduct.cpp - products of codes with codes ---------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/CodeProduct.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;

static int64_t columnsOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getDimSize(1);
}

CodeProduct::CodeProduct(kernel::MatmulOp op, KernelFunction &function)
    : b(function.getBuilder()), xScheme(*op.getXScheme()), weightScheme(*op.getWeightScheme()),
      blocks(op), depth(columnsOf(op.getX())),
      weight(function, op.getWeight(), op.getWeightParameters(), weightScheme, depth),
      x(function.activation(op.getX())), isScaleGiven(isWeight(op.getXScales())) {
  xScales = isScaleGiven ? function.vector(op.getXScales()) : function.activation(op.getXScales());
}

Value CodeProduct::xAt(Scalar row, Scalar k) { return b.bytePtr(x.row(b, row), k); }

Scalar CodeProduct::zero() { return blocks.isInteger && !blocks.isByBlock ? b.i32(0) : b.f32(0); }

Scalar CodeProduct::signedBytes(Scalar word) { return isRaised() ? word ^ 0x80808080 : word; }

std::pair<Scalar, Scalar> CodeProduct::signedHalves(Scalar word) {
  if (isUnsigned())
    return {word & 0x0f0f0f0f, (word >> 4) & 0x0f0f0f0f};
  return {(word << 4) & int64_t(0xf0f0f0f0), word & int64_t(0xf0f0f0f0)};
}

WeightCodes::Parameters CodeProduct::weightParameters(Scalar row, Scalar k) {
  WeightCodes::Parameters parameters = weight.loadParameters(row, k);
  if (isRaised()) {
    Scalar half = parameters.scale * b.f32(128);
    parameters.offset = parameters.offset ? parameters.offset + half : half;
  }
  if (isShifted())
    parameters.scale = parameters.scale * b.f32(1.0 / 16);
  return parameters;
}

Scalar CodeProduct::xScale(Scalar row, Scalar k) {
  int64_t group = depth / xScheme.groupsOf(depth);
  return b.loadFloats(xScales.row(b, row), xScales.element, k / group, 1, xScales.access).front();
}

/// Of a row that has one.
Scalar CodeProduct::wholeXScale(Scalar row) {
  Value base = isScaleGiven ? xScales.base : xScales.row(b, row);
  return b.loadFloats(base, xScales.element, b.i32(0), 1, xScales.access).front();
}

Scalar CodeProduct::finish(Scalar sum, Scalar row, Scalar weightRow, int exponent) {
  if (blocks.isByBlock)
    return blocks.hasXGroups ? sum : sum * wholeXScale(row);
  Scalar scale = wholeXScale(row) * weight.loadParameters(weightRow, b.i32(0)).scale;
  if (blocks.isInteger)
    sum = b.wrap(arith::SIToFPOp::create(b, b.getF32Type(), Value(sum)));
  else if (exponent != 0)
    scale = scale * b.f32(std::ldexp(1.0, exponent));
  return sum * scale;
}
