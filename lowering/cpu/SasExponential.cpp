//===- SasExponential.cpp - an exponential in two parts ------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/SasExponential.h"
#include "lowering/kernels/ExponentialFit.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <cmath>

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

/// Entries of the table, e^0 to e^-15.
static constexpr int64_t kEntries = 16;

Value cpu::buildSasExponential(CodeBuilder &b, EmittedModule &target, llm::SasAttr sas, Value x) {
  auto i32s = VectorType::get(kLanes, b.getI32Type());
  Value threshold = b.splat(sas.getThreshold().getValueAsDouble());
  // Comparisons that a NaN fails, so that it stays.
  Value isBeyond = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, x, threshold);
  Value inside = b.select(isBeyond, threshold, x);
  Value whole = math::FloorOp::create(b, inside), rest = b.subf(inside, whole);
  SmallVector<double> coefficients = kernel::fitExponential(sas.getDegree());
  Value power = b.splat(coefficients.back());
  for (double coefficient : llvm::reverse(ArrayRef(coefficients).drop_back()))
    power = b.fma(power, rest, b.splat(coefficient));
  SmallVector<float> entries;
  for (int64_t i = 0; i < kEntries; ++i)
    entries.push_back(float(std::exp(-double(i))));
  Value mask = arith::ConstantOp::create(b, DenseElementsAttr::get(i32s, int32_t(kEntries - 1)));
  Value index = arith::AndIOp::create(b, arith::FPToSIOp::create(b, i32s, whole).getResult(), mask);
  Value entry = b.gather(target.table(b, "exponentials", entries), index);
  return b.select(isBeyond, b.splat(0.0), b.mulf(power, entry));
}
