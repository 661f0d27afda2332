//===- RowQuantizer.cpp - codes of a row of an activation -----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/RowQuantizer.h"
#include "lowering/gpu/Fp8.h"
#include "lowering/gpu/WeightCodes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include <limits>

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;
using llvm::ArrayRef;
using llvm::SmallVector;

int64_t RowQuantizer::sharedBytes(q::SchemeAttr scheme, int64_t columns) {
  bool isByGroup = scheme.getGranularity() == q::Granularity::Group;
  int64_t floats = isByGroup ? columns / kVector : 1024 / kWarpSize;
  return floats * int64_t(sizeof(float));
}

RowQuantizer::RowQuantizer(KernelFunction &function, q::SchemeAttr scheme, Value result,
                           Value scales, Value given)
    : function(function), b(function.getBuilder()), attribute(scheme), scheme(scheme.toScheme()),
      result(result), scales(scales), given(given),
      columns(cast<RankedTensorType>(result.getType()).getDimSize(1)) {}

//===----------------------------------------------------------------------===//
// Magnitudes
//===----------------------------------------------------------------------===//

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

/// Over the group at `column`, whose vectors' magnitudes are in shared memory.
Scalar RowQuantizer::largestOfGroup(Scalar column, Value shared) {
  Scalar first = column / scheme.blockColumns * (scheme.blockColumns / kVector);
  return b.wrap(b.forLoop(b.i32(0), b.i32(scheme.blockColumns / kVector), b.i32(4), {b.f32(0)},
                          [&](Scalar i, ValueRange sofar) {
                            Scalar largest = b.wrap(sofar[0]);
                            for (Scalar other : b.loadFloats(shared, b.getF32Type(), first + i, 4))
                              largest = max(largest, other);
                            return SmallVector<Value>{largest};
                          })[0]);
}

//===----------------------------------------------------------------------===//
// Scales
//===----------------------------------------------------------------------===//

/// `scale` is what codes are computed with and `stored` what decodes them.
RowQuantizer::Block RowQuantizer::blockOf(Scalar scale, Scalar stored, Scalar largest) {
  Scalar zero = b.f32(0), infinity = b.f32(std::numeric_limits<double>::infinity());
  // Elements without magnitude have codes 0.
  Scalar isZero = scale == zero;
  switch (scheme.arithmetic) {
  case Arithmetic::Divide:
    return {stored, select(isZero, infinity, scale), {}};
  case Arithmetic::Reciprocal:
    return {stored, {}, select(isZero, zero, b.divide(b.f32(1), scale))};
  case Arithmetic::Multiplier:
    return {stored, {}, select(isZero, zero, b.divide(b.f32(scheme.divisor), largest))};
  case Arithmetic::Normalize:
    return {stored, select(isZero, infinity, largest), b.f32(scheme.divisor)};
  case Arithmetic::Ggml:
    break;
  }
  llvm_unreachable("a scheme of weights only");
}

RowQuantizer::Block RowQuantizer::blockOf(Scalar largest) {
  Scalar zero = b.f32(0), bound = b.f32(scheme.divisor);
  largest = max(largest, b.f32(scheme.minAmax));
  Scalar scale = b.divide(largest, bound);
  if (scheme.arithmetic == Arithmetic::Multiplier)
    scale = select(largest == zero, zero, b.divide(b.f32(1), b.divide(bound, largest)));
  bool isF16 = scheme.scaleType == ScaleType::F16;
  Scalar stored = scale;
  if (isF16) {
    Value half = arith::TruncFOp::create(b, b.getF16Type(), Value(scale));
    stored = b.wrap(arith::ExtFOp::create(b, b.getF32Type(), half));
  }
  stored = max(stored, b.f32(scheme.minScale));
  // ggml computes codes with the scale before it is rounded to f16.
  return blockOf(isF16 ? scale : stored, stored, largest);
}

void RowQuantizer::storeScale(const Block &block, Scalar row, Scalar group) {
  Matrix matrix = function.activation(scales);
  b.storeFloats(matrix.row(b, row), matrix.element, group, {block.scale});
}

void RowQuantizer::beginGroups(ArrayRef<Scalar> largest, Scalar row, int64_t threads,
                               Value shared) {
  auto vectorOf = [&](size_t i) { return b.threadId() + int64_t(i) * threads; };
  for (auto [i, magnitude] : llvm::enumerate(largest))
    b.ifThen(vectorOf(i) < columns / kVector, [&, magnitude = magnitude, i = i] {
      b.storeFloats(shared, b.getF32Type(), vectorOf(i), {magnitude});
    });
  b.barrier();
  for (size_t i = 0; i < largest.size(); ++i) {
    Scalar column = vectorOf(i) * kVector, isInRow = column < columns;
    Value found = b.ifElse(isInRow, {b.f32(0)},
                           [&] { return SmallVector<Value>{largestOfGroup(column, shared)}; })[0];
    blocks.push_back(blockOf(b.wrap(found)));
    if (!scales)
      continue;
    b.ifThen(isInRow, [&] {
      b.ifThen(column % scheme.blockColumns == 0,
               [&] { storeScale(blocks.back(), row, column / scheme.blockColumns); });
    });
  }
}

void RowQuantizer::begin(ArrayRef<SmallVector<Scalar>> vectors, Scalar row, int64_t threads,
                         Value shared) {
  if (given) {
    Matrix vector = function.vector(given);
    Scalar scale = b.loadFloats(vector.base, vector.element, b.i32(0), 1, vector.access).front();
    blocks.push_back(blockOf(scale, scale, scale * b.f32(scheme.divisor)));
    return;
  }
  SmallVector<Scalar> largest;
  for (ArrayRef<Scalar> vector : vectors) {
    Scalar magnitude = b.f32(0);
    for (Scalar value : vector)
      magnitude = max(magnitude, max(value, b.f32(0) - value));
    largest.push_back(magnitude);
  }
  if (isByGroup())
    return beginGroups(largest, row, threads, shared);
  Scalar ofThread = largest.front();
  for (Scalar magnitude : ArrayRef(largest).drop_front())
    ofThread = max(ofThread, magnitude);
  blocks.push_back(blockOf(largestOfBlock(ofThread, threads, shared)));
  if (scales)
    b.ifThen(b.threadId() == 0, [&] { storeScale(blocks.front(), row, b.i32(0)); });
}

//===----------------------------------------------------------------------===//
// Codes
//===----------------------------------------------------------------------===//

Scalar RowQuantizer::scaled(const Block &block, Scalar value) {
  if (block.divisor)
    value = b.divide(value, block.divisor);
  if (block.multiplier)
    value = value * block.multiplier;
  return value;
}

/// An i32, of which the lowest byte is the code.
Scalar RowQuantizer::codeOf(const Block &block, Scalar value) {
  value = scaled(block, value);
  if (!scheme.isInteger())
    return encodeFp8(b, attribute.getStorage(), value);
  Scalar rounded = b.roundEven(value);
  if (scheme.rounding == Rounding::HalfAway) {
    Scalar zero = b.f32(0), magnitude = max(value, zero - value);
    Scalar down = b.roundDown(magnitude);
    Scalar away = select(magnitude - down >= b.f32(0.5), down + b.f32(1), down);
    rounded = select(value < zero, zero - away, away);
  }
  Scalar code = min(max(rounded, b.f32(scheme.minCode)), b.f32(scheme.maxCode));
  return b.wrap(arith::FPToSIOp::create(b, b.getI32Type(), Value(code)));
}

void RowQuantizer::store(size_t i, Scalar row, Scalar column, ArrayRef<Scalar> values) {
  const Block &block = isByGroup() ? blocks[i] : blocks.front();
  Matrix matrix = function.activation(result);
  SmallVector<Scalar> codes =
      llvm::map_to_vector(values, [&](Scalar value) { return codeOf(block, value); });
  if (isa<FloatType>(matrix.element)) {
    for (Scalar &code : codes)
      code = decodeCodes(b, attribute, code & 0xff, 1).front() * block.scale;
    b.storeFloats(matrix.row(b, row), matrix.element, column, codes);
    return;
  }
  Scalar word = b.i32(0);
  for (auto [place, code] : llvm::enumerate(codes))
    word = word | ((code & 0xff) << int64_t(8 * place));
  b.store(word, b.bytePtr(matrix.row(b, row), column), 4);
}
