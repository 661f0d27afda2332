//===- Fp8.cpp - floats of 8 bits in registers ----------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/Fp8.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;

namespace {
struct Fp8Layout {
  int64_t mantissaBits, bias;
  double largest;
};
} // namespace

static Fp8Layout layoutOf(q::Storage storage) {
  return storage == q::Storage::Fp8E4M3 ? Fp8Layout{3, 7, 448} : Fp8Layout{2, 15, 57344};
}

llvm::StringRef ptx::fp8Name(q::Storage storage) {
  return storage == q::Storage::Fp8E4M3 ? "e4m3" : "e5m2";
}

/// As MiniFloat::encode (runtime/quantization/MiniFloat.h) does it.
Scalar ptx::encodeFp8(PtxBuilder &b, q::Storage storage, Scalar value) {
  Fp8Layout layout = layoutOf(storage);
  int64_t shift = 23 - layout.mantissaBits;
  Scalar sign = (value.bitcast(b.getI32Type()) >> 24) & 0x80;
  Scalar magnitude = min(max(value, b.f32(0) - value), b.f32(layout.largest));
  Scalar bits = magnitude.bitcast(b.getI32Type());
  // Rounding may carry into the exponent, which is the right result.
  int64_t rebias = (127 - layout.bias) << 23, half = (int64_t(1) << (shift - 1)) - 1;
  Scalar normal = (bits - rebias + half + ((bits >> shift) & 1)) >> shift;
  // In the binade of this number the last place is the smallest denormal: the addition rounds to
  // it.
  int64_t magic = (127 + 1 - layout.bias - layout.mantissaBits + 23) << 23;
  Scalar denormal =
      (magnitude + b.i32(magic).bitcast(b.getF32Type())).bitcast(b.getI32Type()) - magic;
  int64_t smallestNormal = (127 + 1 - layout.bias) << 23;
  return select(bits < smallestNormal, denormal, normal) | sign;
}

std::pair<Scalar, Scalar> ptx::fp8AsHalves(PtxBuilder &b, q::Storage storage, Scalar word) {
  Scalar zero = b.i32(0);
  // Each code in the upper byte of a half: an f16 as it stands for e5m2, whose exponent is f16's.
  Scalar low = b.permuteBytes(word, zero, 0x1404), high = b.permuteBytes(word, zero, 0x3424);
  if (storage == q::Storage::Fp8E5M2)
    return {low, high};
  auto narrow = [](Scalar pair) {
    return (pair & int64_t(0x80008000)) | ((pair & 0x7f007f00) >> 1);
  };
  return {narrow(low), narrow(high)};
}

int ptx::fp8HalfExponent(q::Storage storage) { return storage == q::Storage::Fp8E4M3 ? 8 : 0; }
