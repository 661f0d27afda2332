//===- RowQuantizer.cpp - codes of rows of an activation ------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/RowQuantizer.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

static Type integers(CodeBuilder &b, unsigned bits) {
  return VectorType::get(kLanes, b.getIntegerType(bits));
}

static Value integer(CodeBuilder &b, int32_t value) {
  auto type = cast<VectorType>(integers(b, 32));
  return arith::ConstantOp::create(b, DenseElementsAttr::get(type, value));
}

static Value compare(CodeBuilder &b, arith::CmpFPredicate predicate, Value lhs, double rhs) {
  return arith::CmpFOp::create(b, predicate, lhs, b.splat(rhs));
}

/// Within [low, high], also where the value is no number.
static Value clamp(CodeBuilder &b, Value value, double low, double high) {
  Value above = b.maxf(value, b.splat(low));
  return b.select(compare(b, arith::CmpFPredicate::OLT, above, high), above, b.splat(high));
}

/// The first `lanes` bytes: groups may end, and other rows begin, within a vector.
static void storeCodes(CodeBuilder &b, Value codes, Value pointer, int64_t lanes) {
  if (lanes == kLanes)
    return b.store(codes, pointer);
  LLVM::MaskedStoreOp::create(b, codes, pointer, b.maskOf(lanes), /*alignment=*/1);
}

RowQuantizer::RowQuantizer(CodeBuilder &b, q::SchemeAttr scheme, int64_t columns, bool asValues)
    : b(b), scheme(scheme.toScheme()), columns(columns), asValues(asValues) {
  assert(asValues || this->scheme.storage == Storage::Int8);
}

//===----------------------------------------------------------------------===//
// Scales
//===----------------------------------------------------------------------===//

Value RowQuantizer::largestOf(Value values, int64_t count, Value atLeast) {
  SmallVector<Value> largest = b.columns(
      count, SmallVector<Value>(4, atLeast), [&](Value column, int64_t lanes, Value sofar) {
        Value value =
            b.loadVector(b.getF32Type(), b.element(b.getF32Type(), values, column), lanes);
        return b.maxf(math::AbsFOp::create(b, value), sofar);
      });
  return b.maximumOfLanes(b.maxf(b.maxf(largest[0], largest[1]), b.maxf(largest[2], largest[3])));
}

Value RowQuantizer::largestOf(Value values, Value atLeast) {
  return largestOf(values, columns, atLeast);
}

/// `scale` is what codes are computed with and `stored` what decodes them.
RowQuantizer::Block RowQuantizer::blockOfScale(Value scale, Value stored, Value largest) {
  // A block without magnitude: its codes are 0.
  Value isZero = compare(b, arith::CmpFPredicate::OEQ, scale, 0);
  Value infinity = b.splat(std::numeric_limits<float>::infinity()), zero = b.splat(0);
  switch (scheme.arithmetic) {
  case Arithmetic::Divide:
    return {stored, b.select(isZero, infinity, scale), {}};
  case Arithmetic::Reciprocal:
    return {stored, {}, b.select(isZero, zero, b.divf(b.splat(1), scale))};
  case Arithmetic::Multiplier:
    return {stored, {}, b.select(isZero, zero, b.divf(b.splat(scheme.divisor), largest))};
  case Arithmetic::Normalize:
    return {stored, b.select(isZero, infinity, largest), b.splat(scheme.divisor)};
  case Arithmetic::Ggml: // of weights only
    break;
  }
  llvm_unreachable("unknown order of arithmetic");
}

RowQuantizer::Block RowQuantizer::blockOf(Value largest) {
  if (scheme.minAmax > 0)
    largest = b.maxf(largest, b.splat(scheme.minAmax));
  Value scale = b.divf(largest, b.splat(scheme.divisor));
  if (scheme.arithmetic == Arithmetic::Multiplier) {
    Value inverse = b.divf(b.splat(1), b.divf(b.splat(scheme.divisor), largest));
    scale = b.select(compare(b, arith::CmpFPredicate::OEQ, largest, 0), b.splat(0), inverse);
  }
  Value stored = scale;
  if (scheme.scaleType == ScaleType::F16) {
    Type halves = VectorType::get(kLanes, b.getF16Type());
    stored = arith::TruncFOp::create(b, halves, scale);
    stored = arith::ExtFOp::create(b, b.vectorType(), stored);
  }
  if (scheme.minScale > 0)
    stored = b.maxf(stored, b.splat(scheme.minScale));
  // ggml computes codes with the scale before it is rounded to f16.
  return blockOfScale(scheme.scaleType == ScaleType::F16 ? scale : stored, stored, largest);
}

void RowQuantizer::storeScale(const Block &block, Value scales, Value index) {
  Value scalar = vector::ExtractOp::create(b, block.scale, ArrayRef<int64_t>{0});
  b.store(scalar, b.element(b.getF32Type(), scales, index));
}

//===----------------------------------------------------------------------===//
// Codes
//===----------------------------------------------------------------------===//

/// To an integer within the scheme's range, as f32.
Value RowQuantizer::roundInteger(Value value) {
  Value rounded;
  if (scheme.rounding == Rounding::HalfEven) {
    rounded = math::RoundEvenOp::create(b, value);
  } else {
    Value truncated = math::TruncOp::create(b, value), rest = b.subf(value, truncated);
    Value up = b.select(compare(b, arith::CmpFPredicate::OGE, rest, 0.5), b.splat(1), b.splat(0));
    Value down =
        b.select(compare(b, arith::CmpFPredicate::OLE, rest, -0.5), b.splat(1), b.splat(0));
    rounded = b.subf(b.addf(truncated, up), down);
  }
  return clamp(b, rounded, scheme.minCode, scheme.maxCode);
}

/// To the nearest fp8 number, ties to even: adding 1.5 times a power of two rounds at the last
/// place of the number's binade, or at that of the smallest normal numbers.
Value RowQuantizer::roundFloat(Value value) {
  bool isE4M3 = scheme.storage == Storage::Fp8E4M3;
  int32_t mantissaBits = isE4M3 ? 3 : 2, smallest = isE4M3 ? -6 : -14;
  double largest = isE4M3 ? 448 : 57344;
  Value magnitude = clamp(b, math::AbsFOp::create(b, value), 0, largest);
  Value bits = arith::BitcastOp::create(b, integers(b, 32), magnitude);
  Value exponent = arith::ShRUIOp::create(b, bits, integer(b, 23));
  exponent = arith::MaxSIOp::create(b, exponent, integer(b, smallest + 127));
  Value shifted = arith::AddIOp::create(b, exponent, integer(b, 23 - mantissaBits));
  Value magicBits = arith::ShLIOp::create(b, shifted, integer(b, 23));
  magicBits = arith::OrIOp::create(b, magicBits, integer(b, 1 << 22));
  Value magic = arith::BitcastOp::create(b, b.vectorType(), magicBits);
  Value rounded = b.subf(b.addf(magnitude, magic), magic);
  return math::CopySignOp::create(b, clamp(b, rounded, 0, largest), value);
}

/// Before conversion to an integer, or an fp8 number as f32.
Value RowQuantizer::codeOf(const Block &block, Value value) {
  if (block.divisor)
    value = b.divf(value, block.divisor);
  if (block.factor)
    value = b.mulf(value, block.factor);
  return scheme.isInteger() ? roundInteger(value) : roundFloat(value);
}

void RowQuantizer::encode(const Block &block, Value values, Value result, int64_t count) {
  Type f32 = b.getF32Type();
  b.columns(count, [&](Value column, int64_t lanes) {
    Value code = codeOf(block, b.loadVector(f32, b.element(f32, values, column), lanes));
    if (scheme.isInteger()) {
      Value number = arith::FPToSIOp::create(b, integers(b, 32), code);
      if (!asValues) {
        storeCodes(b, arith::TruncIOp::create(b, integers(b, 8), number), b.bytes(result, column),
                   lanes);
        return;
      }
      code = arith::SIToFPOp::create(b, b.vectorType(), number);
    }
    b.storeVector(b.mulf(code, block.scale), b.element(f32, result, column), lanes);
  });
}

void RowQuantizer::encode(const Block &block, Value values, Value result) {
  encode(block, values, result, columns);
}

void RowQuantizer::quantize(Value values, Value result, Value scales) {
  bool isGroup = scheme.granularity == Granularity::Group;
  int64_t size = isGroup ? scheme.blockColumns : columns;
  b.loop(b.i64(0), b.i64(columns / size), 1, [&](Value group) {
    Value first = b.multiply(group, size);
    Value from = b.element(b.getF32Type(), values, first);
    Block block = blockOf(largestOf(from, size, b.splat(0)));
    Type element = asValues ? Type(b.getF32Type()) : Type(b.getI8Type());
    encode(block, from, b.element(element, result, first), size);
    if (scales)
      storeScale(block, scales, group);
  });
}

void RowQuantizer::quantizeBy(Value scale, Value values, Value result) {
  Value given = b.broadcast(b.load(b.getF32Type(), scale));
  encode(blockOfScale(given, given, b.mulf(given, b.splat(scheme.divisor))), values, result);
}
