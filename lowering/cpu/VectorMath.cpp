//===- VectorMath.cpp - elementary functions on vectors -------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/VectorMath.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

/// Coefficients from the highest power down, by Horner's rule.
static Value polynomial(CodeBuilder &b, Value x, ArrayRef<double> coefficients) {
  Value sum = b.splat(coefficients.front());
  for (double coefficient : coefficients.drop_front())
    sum = b.fma(sum, x, b.splat(coefficient));
  return sum;
}

static Value integers(CodeBuilder &b, int32_t value) {
  auto type = VectorType::get(kLanes, b.getI32Type());
  return arith::ConstantOp::create(b, DenseElementsAttr::get(type, value));
}

/// 2^n for a vector of i32 within the exponents of normal numbers.
static Value powerOfTwo(CodeBuilder &b, Value n) {
  Value biased = arith::AddIOp::create(b, n, integers(b, 127));
  Value bits = arith::ShLIOp::create(b, biased, integers(b, 23));
  return arith::BitcastOp::create(b, b.vectorType(), bits);
}

// e^x = 2^n e^r with |r| <= ln(2)/2 (Cody & Waite 1980); n is rounded by adding 1.5 2^23, which
// also leaves it as an integer in the low bits. 2^n is multiplied in two halves, so that it may lie
// outside the normal numbers: the result is then denormal, 0 or infinity.
Value cpu::buildExp(CodeBuilder &b, Value x) {
  // Comparisons that a NaN fails, so that it stays.
  auto clampBelow = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, x, b.splat(-104.0));
  Value clamped = b.select(clampBelow, b.splat(-104.0), x);
  auto clampAbove = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, clamped, b.splat(89.0));
  clamped = b.select(clampAbove, b.splat(89.0), clamped);

  Value magic = b.splat(0x1.8p23);
  Value shifted = b.fma(clamped, b.splat(0x1.715476p+0), magic);
  Value n = b.subf(shifted, magic);
  Value r = b.fma(n, b.splat(-0x1.62e400p-1), clamped);
  r = b.fma(n, b.splat(-0x1.7f7d1cp-20), r);
  Value power = polynomial(
      b, r, {0x1.694000p-10, 0x1.125edcp-7, 0x1.555b5ap-5, 0x1.555450p-3, 0x1.fffff6p-2, 1.0, 1.0});

  Type i32s = VectorType::get(kLanes, b.getI32Type());
  Value exponent = arith::SubIOp::create(b, arith::BitcastOp::create(b, i32s, shifted),
                                         arith::BitcastOp::create(b, i32s, magic));
  Value half = arith::ShRSIOp::create(b, exponent, integers(b, 1));
  Value rest = arith::SubIOp::create(b, exponent, half);
  return b.mulf(b.mulf(power, powerOfTwo(b, half)), powerOfTwo(b, rest));
}

// A polynomial near 0 (Cephes, tanhf), and 1 - 2 / (e^2|x| + 1) beyond.
Value cpu::buildTanh(CodeBuilder &b, Value x) {
  Value magnitude = math::AbsFOp::create(b, x);
  Value square = b.mulf(x, x);
  Value series = polynomial(b, square,
                            {-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2,
                             1.33314422036e-1, -3.33332819422e-1});
  Value small = b.fma(b.mulf(series, square), x, x);
  Value power = buildExp(b, b.addf(magnitude, magnitude));
  Value one = b.splat(1.0);
  Value large = b.subf(one, b.divf(b.splat(2.0), b.addf(power, one)));
  large = math::CopySignOp::create(b, large, x);
  Value isSmall = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, magnitude, b.splat(0.625));
  return b.select(isSmall, small, large);
}

// Minimax polynomials of N. Juffa's erff: of erf near 0, of log(1 - erf) beyond.
Value cpu::buildErf(CodeBuilder &b, Value x) {
  Value magnitude = math::AbsFOp::create(b, x);
  Value square = b.mulf(x, x);
  Value logarithm = b.fma(b.splat(-1.72853470e-5), magnitude, b.splat(3.83197126e-4));
  Value odd = b.fma(b.splat(-3.88396438e-3), magnitude, b.splat(2.42546219e-2));
  logarithm = b.fma(logarithm, square, odd);
  for (double coefficient : {-1.06777877e-1, -6.34846687e-1, -1.28717512e-1})
    logarithm = b.fma(logarithm, magnitude, b.splat(coefficient));
  logarithm = b.fma(logarithm, magnitude, arith::NegFOp::create(b, magnitude));
  Value large = b.subf(b.splat(1.0), buildExp(b, logarithm));
  large = math::CopySignOp::create(b, large, x);
  Value series = polynomial(b, square,
                            {-5.96761703e-4, 4.99119423e-3, -2.67681349e-2, 1.12819925e-1,
                             -3.76125336e-1, 1.28379166e-1});
  Value small = b.fma(series, x, x);
  Value isLarge =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, magnitude, b.splat(0.927734375));
  return b.select(isLarge, large, small);
}
