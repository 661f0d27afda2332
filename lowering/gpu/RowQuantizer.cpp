//===- RowQuantizer.cpp - int8 codes of a row of an activation ------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/RowQuantizer.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include <limits>

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;
using llvm::ArrayRef;
using llvm::SmallVector;

RowQuantizer::RowQuantizer(KernelFunction &function, q::SchemeAttr scheme, Value result,
                           Value scales, Value given)
    : function(function), b(function.getBuilder()), scheme(scheme.toScheme()), result(result),
      scales(scales), given(given) {}

Scalar RowQuantizer::largestOfBlock(Scalar largest, int64_t threads, Value shared) {
  largest = b.warpMax(largest);
  if (threads == kWarpSize)
    return largest;
  Scalar lane = b.threadId() % kWarpSize;
  b.ifThen(lane == 0,
           [&] { b.storeFloats(shared, b.getF32Type(), b.threadId() / kWarpSize, {largest}); });
  b.barrier();
  Value other = b.ifElse(lane < threads / kWarpSize, {b.f32(0)}, [&] {
    return SmallVector<Value>{b.loadFloats(shared, b.getF32Type(), lane, 1).front()};
  })[0];
  return b.warpMax(b.wrap(other));
}

void RowQuantizer::begin(ArrayRef<SmallVector<Scalar>> values, Scalar row, int64_t threads,
                         Value shared) {
  Scalar zero = b.f32(0), infinity = b.f32(std::numeric_limits<double>::infinity());
  Scalar largest = zero, bound = b.f32(scheme.divisor);
  if (given) {
    Matrix matrix = function.vector(given);
    scale = b.loadFloats(matrix.base, matrix.element, b.i32(0), 1, matrix.access).front();
    largest = scale * bound;
  } else {
    for (ArrayRef<Scalar> vector : values)
      for (Scalar value : vector)
        largest = max(largest, max(value, zero - value));
    largest = max(largestOfBlock(largest, threads, shared), b.f32(scheme.minAmax));
    scale = b.divide(largest, bound);
    if (scheme.arithmetic == Arithmetic::Multiplier)
      scale = select(largest == zero, zero, b.divide(b.f32(1), b.divide(bound, largest)));
    scale = max(scale, b.f32(scheme.minScale));
  }
  // A row without magnitude has codes 0.
  Scalar isZero = scale == zero;
  switch (scheme.arithmetic) {
  case Arithmetic::Divide:
    divisor = select(isZero, infinity, scale);
    break;
  case Arithmetic::Reciprocal:
    multiplier = select(isZero, zero, b.divide(b.f32(1), scale));
    break;
  case Arithmetic::Multiplier:
    multiplier = select(isZero, zero, b.divide(bound, largest));
    break;
  case Arithmetic::Normalize:
    divisor = select(isZero, infinity, largest);
    multiplier = bound;
    break;
  }
  if (scales)
    b.ifThen(b.threadId() == 0, [&] {
      Matrix matrix = function.activation(scales);
      b.storeFloats(matrix.row(b, row), matrix.element, b.i32(0), {scale});
    });
}

/// The code, as f32.
Scalar RowQuantizer::codeOf(Scalar value) {
  if (divisor)
    value = b.divide(value, divisor);
  if (multiplier)
    value = value * multiplier;
  Scalar rounded = b.roundEven(value);
  if (scheme.rounding == Rounding::HalfAway) {
    Scalar zero = b.f32(0), magnitude = max(value, zero - value);
    Scalar down = b.roundDown(magnitude);
    Scalar away = select(magnitude - down >= b.f32(0.5), down + b.f32(1), down);
    rounded = select(value < zero, zero - away, away);
  }
  return min(max(rounded, b.f32(scheme.minCode)), b.f32(scheme.maxCode));
}

void RowQuantizer::store(Scalar row, Scalar column, ArrayRef<Scalar> values) {
  Matrix matrix = function.activation(result);
  SmallVector<Scalar> codes = llvm::map_to_vector(values, [&](Scalar v) { return codeOf(v); });
  if (isa<FloatType>(matrix.element)) {
    for (Scalar &code : codes)
      code = code * scale;
    b.storeFloats(matrix.row(b, row), matrix.element, column, codes);
    return;
  }
  Scalar word = b.i32(0);
  for (auto [i, code] : llvm::enumerate(codes)) {
    Scalar integer = b.wrap(arith::FPToSIOp::create(b, b.getI32Type(), Value(code)));
    word = word | ((integer & 0xff) << int64_t(8 * i));
  }
  b.store(word, b.bytePtr(matrix.row(b, row), column), 4);
}
