//===- CacheEncoder.cpp - a head becomes cached codes --------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/CacheEncoder.h"
#include "lowering/cpu/CacheDecoder.h"
#include "lowering/cpu/CodePlacer.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

using Code = CacheFormat::Code;

CacheEncoder::CacheEncoder(CodeBuilder &b, EmittedModule &target, const CachePool &pool)
    : b(b), target(target), pool(pool), format(pool.format) {}

Value CacheEncoder::integers(int64_t value) {
  auto type = VectorType::get(kLanes, b.getI32Type());
  return arith::ConstantOp::create(b, DenseElementsAttr::get(type, int32_t(value)));
}

static Value clamp(CodeBuilder &b, Value value, double low, double high) {
  Value above = b.maxf(value, b.splat(low));
  Value isBelow = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, above, b.splat(high));
  return b.select(isBelow, above, b.splat(high));
}

/// The lowest bits of 16 i32, as the unit that codes are stored in.
static Value narrow(CodeBuilder &b, Value codes, Type unit) {
  return arith::TruncIOp::create(b, VectorType::get(kLanes, unit), codes);
}

//===----------------------------------------------------------------------===//
// Scales and zeros
//===----------------------------------------------------------------------===//

Value CacheEncoder::reduce(Value group, bool sum, llvm::function_ref<Value(Value)> value) {
  Type f32 = b.getF32Type();
  Value start = b.splat(sum ? 0.0 : -std::numeric_limits<double>::infinity());
  Value first = b.broadcast(b.load(f32, group));
  Value total = b.columns(pool.groupSize(), start, [&](Value column, int64_t lanes, Value sofar) {
    Value x = b.loadVector(f32, b.element(f32, group, column), lanes);
    if (lanes != kLanes && !sum) // elements that are none must not be the greatest
      x = b.select(b.maskOf(lanes), x, first);
    if (!sum)
      return b.maxf(value(x), sofar);
    Value term = value(x);
    if (lanes != kLanes)
      term = b.select(b.maskOf(lanes), term, b.splat(0.0));
    return b.addf(sofar, term);
  })[0];
  return sum ? b.sumOfLanes(total) : b.maximumOfLanes(total);
}

Value CacheEncoder::roundToF16(Value value) {
  // Beyond f16, codes saturate.
  Value halves = arith::TruncFOp::create(b, VectorType::get(kLanes, b.getF16Type()),
                                         clamp(b, value, -65504, 65504));
  return arith::ExtFOp::create(b, b.vectorType(), halves);
}

/// Uniform codes take the smallest entry that is not below the scale, others the nearest in log;
/// entries below what is asked for are counted by halving.
Value CacheEncoder::findScale(Value &scale) {
  const int64_t entries = int64_t(1) << format.scaleTable->bits;
  Value scales = target.numbers(pool.isKey), borders = scales;
  if (format.code == Code::LloydMax)
    borders = b.element(b.getF32Type(), scales, entries);
  Value index = integers(0);
  for (int64_t step = entries / 2; step > 0; step /= 2) {
    Value border = b.gather(borders, arith::AddIOp::create(b, index, integers(step - 1)));
    Value isAbove = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, border, scale);
    index = b.select(isAbove, arith::AddIOp::create(b, index, integers(step)), index);
  }
  scale = b.gather(scales, index);
  return index;
}

CacheEncoder::Parameters CacheEncoder::measure(Value group) {
  auto magnitude = [&](Value x) -> Value { return math::AbsFOp::create(b, x); };
  if (format.code == Code::LloydMax) {
    Value squares = reduce(group, true, [&](Value x) { return b.mulf(x, x); });
    Value mean = b.divf(squares, b.splat(double(pool.groupSize())));
    return {math::SqrtOp::create(b, mean), {}};
  }
  if (!format.asymmetric && format.code != Code::Integer)
    return {b.divf(reduce(group, false, magnitude), b.splat(format.largestCode())), {}};
  Range range = rangeOf(group);
  if (format.search)
    range = search(group, range);
  if (!format.asymmetric)
    return {b.divf(range.greatest, b.splat(format.largestCode())), {}};
  return {b.divf(b.subf(range.greatest, range.least), b.splat(format.steps())),
          roundToF16(range.least)};
}

CacheEncoder::Range CacheEncoder::rangeOf(Value group) {
  auto negated = [&](Value x) { return b.subf(b.splat(0.0), x); };
  if (!format.asymmetric) {
    Value greatest =
        reduce(group, false, [&](Value x) -> Value { return math::AbsFOp::create(b, x); });
    return {negated(greatest), greatest};
  }
  Value greatest = reduce(group, false, [](Value x) { return x; });
  return {negated(reduce(group, false, negated)), greatest};
}

/// A group of one number has ranges without steps, whose errors are no numbers: the whole stays.
CacheEncoder::Range CacheEncoder::search(Value group, const Range &whole) {
  Value size = b.subf(whole.greatest, whole.least);
  Value least = b.splat(std::numeric_limits<double>::infinity());
  Range best = whole;
  for (RangeCut cut : searchedCuts(format)) {
    Range range{b.fma(size, b.splat(cut.below), whole.least),
                b.fma(size, b.splat(-cut.above), whole.greatest)};
    Value step = b.divf(b.subf(range.greatest, range.least), b.splat(format.steps()));
    Value inverse = b.divf(b.splat(1.0), step);
    Value error = reduce(group, true, [&](Value x) {
      Value code = math::RoundEvenOp::create(b, b.mulf(b.subf(x, range.least), inverse));
      Value decoded = b.fma(clamp(b, code, 0, format.steps()), step, range.least);
      Value difference = b.subf(x, decoded);
      return b.mulf(difference, difference);
    });
    Value isBetter = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, error, least);
    least = b.select(isBetter, error, least);
    best = {b.select(isBetter, range.least, best.least),
            b.select(isBetter, range.greatest, best.greatest)};
  }
  return best;
}

void CacheEncoder::storeF16(Value vector, Value address) {
  Value scalar = vector::ExtractOp::create(b, vector, ArrayRef<int64_t>{0});
  b.store(arith::TruncFOp::create(b, b.getF16Type(), scalar), address);
}

/// Codes are computed with the parameters as they are stored. A group without magnitude has codes
/// of zero.
CacheEncoder::Parameters CacheEncoder::measureAndStore(Value group, Value block, Value index,
                                                       Value slot) {
  if (format.fixed)
    return {target.layerNumber(b, pool.isKey, 0),
            format.fixed->zero != 0 ? target.layerNumber(b, pool.isKey, 1) : Value()};
  Parameters parameters = measure(group);
  Value address = pool.scaleAddress(b, block, index, slot);
  if (format.scaleTable) {
    Value entry = vector::ExtractOp::create(b, findScale(parameters.divisor), ArrayRef<int64_t>{0});
    b.store(arith::TruncIOp::create(b, b.getI8Type(), entry), address);
  } else {
    parameters.divisor = roundToF16(parameters.divisor);
    storeF16(parameters.divisor, address);
  }
  if (format.asymmetric)
    storeF16(parameters.zero, pool.zeroAddress(b, block, index, slot));
  Value isZero =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, parameters.divisor, b.splat(0.0));
  parameters.divisor =
      b.select(isZero, b.splat(std::numeric_limits<float>::infinity()), parameters.divisor);
  return parameters;
}

//===----------------------------------------------------------------------===//
// Codes
//===----------------------------------------------------------------------===//

Value CacheEncoder::encodeInteger(Value x) {
  double least = format.asymmetric ? 0 : -format.largestCode();
  double greatest =
      format.asymmetric ? double((int64_t(1) << format.bits) - 1) : format.largestCode();
  // lmdeploy's static codes with a zero use all 256.
  if (format.fixed && format.fixed->zero != 0)
    least = -128;
  Value rounded = clamp(b, math::RoundEvenOp::create(b, x), least, greatest);
  Value code = arith::FPToSIOp::create(b, VectorType::get(kLanes, b.getI32Type()), rounded);
  return format.asymmetric ? code : arith::AddIOp::create(b, code, integers(format.linear()->bias));
}

/// The sign, and which of the positive points: 0 up to twice the spacing's half, and so on; ties go
/// to the smaller.
static Value joinHalves(CodeBuilder &b, Value isNegative, Value index, Value half, Value one) {
  Value below = arith::SubIOp::create(b, arith::SubIOp::create(b, half, one), index);
  return b.select(isNegative, below, arith::AddIOp::create(b, half, index));
}

Value CacheEncoder::encodeUniform(Value x) {
  int64_t half = int64_t(1) << (format.bits - 1);
  Value magnitude = b.mulf(math::AbsFOp::create(b, x), b.splat(double(2 * half - 1) / 2));
  Value steps = b.subf(math::CeilOp::create(b, magnitude), b.splat(1.0));
  Value index = arith::FPToSIOp::create(b, VectorType::get(kLanes, b.getI32Type()),
                                        clamp(b, steps, 0, double(half - 1)));
  Value isNegative = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, x, b.splat(0.0));
  return joinHalves(b, isNegative, index, integers(half), integers(1));
}

/// The nearest point by halving the borders between the positive ones.
Value CacheEncoder::encodeNearest(Value x) {
  SmallVector<float> points = codePoints(format);
  int64_t half = int64_t(points.size()) / 2;
  SmallVector<float> borders;
  for (int64_t i = 0; i + 1 < half; ++i)
    borders.push_back((points[half + i] + points[half + i + 1]) / 2);
  borders.push_back(std::numeric_limits<float>::infinity());
  Value table = target.table(b, "lloyd_max" + std::to_string(format.bits) + "_borders", borders);
  Value magnitude = math::AbsFOp::create(b, x), index = integers(0);
  for (int64_t step = half / 2; step > 0; step /= 2) {
    Value border = b.gather(table, arith::AddIOp::create(b, index, integers(step - 1)));
    Value isAbove = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, border, magnitude);
    index = b.select(isAbove, arith::AddIOp::create(b, index, integers(step)), index);
  }
  Value isNegative = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, x, b.splat(0.0));
  return joinHalves(b, isNegative, index, integers(half), integers(1));
}

/// runtime/quantization/MiniFloat.h, on vectors.
Value CacheEncoder::encodeFp8(Value x) {
  bool isE5M2 = format.code == Code::Fp8E5M2;
  int64_t mantissa = isE5M2 ? 2 : 3, bias = isE5M2 ? 15 : 7, shift = 23 - mantissa;
  auto i32s = VectorType::get(kLanes, b.getI32Type());
  Value magnitude = clamp(b, math::AbsFOp::create(b, x), 0, format.largestCode());
  Value bits = arith::BitcastOp::create(b, i32s, magnitude);
  Value lastBit =
      arith::AndIOp::create(b, arith::ShRUIOp::create(b, bits, integers(shift)), integers(1));
  int64_t rebias = ((int64_t(1) << (shift - 1)) - 1) - ((127 - bias) << 23);
  Value normal = arith::AddIOp::create(b, bits, integers(rebias));
  normal = arith::ShRUIOp::create(b, arith::AddIOp::create(b, normal, lastBit), integers(shift));
  int64_t magicBits = (127 + 1 - bias - mantissa + 23) << 23;
  Value magic = arith::BitcastOp::create(b, b.vectorType(), integers(magicBits));
  Value denormal = arith::BitcastOp::create(b, i32s, b.addf(magnitude, magic));
  denormal = arith::SubIOp::create(b, denormal, integers(magicBits));
  Value isDenormal =
      arith::CmpIOp::create(b, arith::CmpIPredicate::slt, bits, integers((127 + 1 - bias) << 23));
  Value sign = arith::ShRUIOp::create(b, arith::BitcastOp::create(b, i32s, x), integers(24));
  sign = arith::AndIOp::create(b, sign, integers(128));
  return arith::OrIOp::create(b, b.select(isDenormal, denormal, normal), sign);
}

Value CacheEncoder::encode(Value x, const Parameters &parameters) {
  if (parameters.zero)
    x = b.subf(x, parameters.zero);
  x = b.divf(x, parameters.divisor);
  switch (format.code) {
  case Code::Integer:
    return encodeInteger(x);
  case Code::Uniform:
    return encodeUniform(x);
  case Code::LloydMax:
    return encodeNearest(x);
  default:
    return encodeFp8(x);
  }
}

/// bf16 or f16, as bits.
static Value roundFloat(CodeBuilder &b, Value x, bool isBf16) {
  auto i16s = VectorType::get(kLanes, b.getI16Type());
  if (!isBf16)
    return arith::BitcastOp::create(
        b, i16s, arith::TruncFOp::create(b, VectorType::get(kLanes, b.getF16Type()), x));
  auto i32s = VectorType::get(kLanes, b.getI32Type());
  auto integer = [&](int32_t value) -> Value {
    return arith::ConstantOp::create(b, DenseElementsAttr::get(i32s, value));
  };
  Value bits = arith::BitcastOp::create(b, i32s, x);
  Value last = arith::AndIOp::create(b, arith::ShRUIOp::create(b, bits, integer(16)), integer(1));
  Value rounded = arith::AddIOp::create(b, arith::AddIOp::create(b, bits, integer(0x7fff)), last);
  return arith::TruncIOp::create(b, i16s, arith::ShRUIOp::create(b, rounded, integer(16)));
}

void CacheEncoder::append(Value head, Value codes, Value block, Value slot) {
  Type f32 = b.getF32Type(), code = b.getIntegerType(pool.unitBytes() * 8);
  if (format.isNative()) {
    codes = head;
  } else if (!format.isScaled()) {
    b.columns(pool.headDim, [&](Value column, int64_t lanes) {
      Value x = b.loadVector(f32, b.element(f32, head, column), lanes);
      b.store(roundFloat(b, x, format.code == Code::BF16), b.element(code, codes, column));
    });
  } else {
    b.loop(b.i64(0), b.i64(pool.groups()), 1, [&](Value index) {
      Value first = b.multiply(index, pool.groupSize());
      Value group = b.element(f32, head, first);
      Parameters parameters = measureAndStore(group, block, index, slot);
      b.columns(pool.groupSize(), [&](Value column, int64_t lanes) {
        Value x = b.loadVector(f32, b.element(f32, group, column), lanes);
        b.store(narrow(b, encode(x, parameters), code),
                b.element(code, codes, b.add(first, column)));
      });
    });
  }
  CodePlacer(b, pool).place(codes, block, slot);
}
