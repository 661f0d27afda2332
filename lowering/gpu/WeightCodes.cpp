//===- WeightCodes.cpp - quantized weights as kernels read them -----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Codes become f32 by bit tricks, three or four full-rate instructions each; conversions run at a
// quarter of that rate.
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/WeightCodes.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;
using llvm::SmallVector;

WeightCodes::WeightCodes(KernelFunction &function, Value codes, ValueRange parameters,
                         q::SchemeAttr scheme, int64_t depth)
    : b(function.getBuilder()), scheme(scheme), depth(depth), groups(scheme.groupsOf(depth)),
      codes(function.vector(codes).base) {
  for (Value parameter : parameters)
    this->parameters.push_back(function.vector(parameter).base);
}

int64_t WeightCodes::bitsOf(q::SchemeAttr scheme) {
  return scheme.codeType().getIntOrFloatBitWidth();
}

Value WeightCodes::at(Scalar row, Scalar k) {
  return b.bytePtr(b.bytePtr(codes, row.toI64() * rowBytes()), bits() == 8 ? k : k / 2);
}

WeightCodes::Parameters WeightCodes::loadParameters(Scalar row, Scalar k) {
  Scalar index = groups == 1 ? row : row * groups + k / (depth / groups);
  auto load = [&](Value base) {
    return b.loadFloats(base, b.getF32Type(), index, 1, Access::ReadOnly).front();
  };
  Parameters result{load(parameters[0]), {}};
  if (scheme.getZero() == q::ZeroPoint::Minimum)
    result.offset = load(parameters[1]);
  else if (scheme.getZero() == q::ZeroPoint::Integer)
    result.offset = b.f32(0) - result.scale * load(parameters[1]);
  return result;
}

/// The bits of 2^23: an integer below it, in the lowest bits, is added to it exactly.
static constexpr int64_t kTwoTo23 = 0x4b000000;

/// A byte or nibble next to the exponent of 2^23, which is then subtracted. Signed codes have been
/// made unsigned by their top bit.
static Scalar decodeInteger(PtxBuilder &b, q::SchemeAttr scheme, Scalar word, int64_t index) {
  int64_t bits = WeightCodes::bitsOf(scheme);
  int64_t half = scheme.getRange()[0] >= 0 ? 0 : int64_t(1) << (bits - 1);
  Scalar wide = bits == 8 ? b.permuteBytes(word, b.i32(kTwoTo23), 0x7440 | index)
                          : ((word >> 4 * index) & 0xf) | kTwoTo23;
  return wide.bitcast(b.getF32Type()) - b.f32(double((int64_t(1) << 23) + half));
}

namespace {
/// A small float as the upper bits of an f32 with the same layout: how far the code, in the highest
/// bits, is shifted, with its sign, what is kept, and the power of two between the exponents.
struct FloatLayout {
  int64_t shift, mask;
  int exponent;
};
} // namespace

static FloatLayout layoutOf(q::Storage storage) {
  switch (storage) {
  case q::Storage::Fp8E4M3:
    return {4, 0x87f00000, 120};
  case q::Storage::Fp8E5M2:
    return {3, 0x8fe00000, 112};
  default: // e2m1
    return {6, 0x81c00000, 126};
  }
}

static Scalar decodeFloat(PtxBuilder &b, q::SchemeAttr scheme, Scalar word, int64_t index) {
  FloatLayout layout = layoutOf(scheme.getStorage());
  Scalar top = word << (32 - WeightCodes::bitsOf(scheme) * (index + 1));
  Scalar wide = shiftRightSigned(top, layout.shift) & layout.mask;
  return wide.bitcast(b.getF32Type()) * b.f32(std::ldexp(1.0, layout.exponent));
}

SmallVector<Scalar> ptx::decodeCodes(PtxBuilder &b, q::SchemeAttr scheme, Scalar word,
                                     int64_t count) {
  bool isInteger = scheme.toScheme().isInteger();
  if (isInteger && scheme.getRange()[0] < 0)
    word = word ^ (WeightCodes::bitsOf(scheme) == 8 ? 0x80808080 : 0x88888888);
  SmallVector<Scalar> values;
  for (int64_t i = 0; i < count; ++i)
    values.push_back(isInteger ? decodeInteger(b, scheme, word, i)
                               : decodeFloat(b, scheme, word, i));
  return values;
}
