//===- SasExponential.cpp - an exponential in two parts -------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The table's entry for the whole part n is a product of one factor for each bit of n: lanes would
// look up different entries, which memory serves one after another.
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/SasExponential.h"
#include "lowering/kernels/ExponentialFit.h"
#include <cmath>

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;
using llvm::SmallVector;

/// e^-n of an n from 0 to `most`, an integer as f32.
static Scalar powerOfWhole(PtxBuilder &b, Scalar n, int64_t most) {
  // Beside 2^23 an integer is its own lowest bits.
  Scalar bits = (n + b.f32(std::ldexp(1.0, 23))).bitcast(b.getI32Type());
  Scalar power = b.f32(1);
  for (int64_t bit = 1; bit <= most; bit *= 2)
    power = power * select((bits & bit) == 0, b.f32(1), b.f32(std::exp(-double(bit))));
  return power;
}

Scalar ptx::sasExponential(PtxBuilder &b, llm::SasAttr sas, Scalar x) {
  double limit = sas.getThreshold().getValueAsDouble();
  // A comparison that a NaN fails, so that it stays.
  Scalar threshold = b.f32(limit), isBeyond = threshold < x;
  Scalar inside = select(isBeyond, threshold, x);
  Scalar whole = b.roundDown(inside), rest = inside - whole;
  SmallVector<double> coefficients = kernel::fitExponential(sas.getDegree());
  Scalar power = b.f32(coefficients.back());
  for (double coefficient : llvm::reverse(llvm::ArrayRef(coefficients).drop_back()))
    power = fma(power, rest, b.f32(coefficient));
  return select(isBeyond, b.f32(0), power * powerOfWhole(b, whole, int64_t(limit)));
}
