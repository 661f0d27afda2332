//===- VectorMath.h - elementary functions on vectors -----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_VECTORMATH_H
#define QOPT_LOWERING_CPU_VECTORMATH_H

#include "lowering/cpu/CodeBuilder.h"

namespace qopt::cpu {

/// e^x within 1 ulp: 0 below -104, infinity from 88.73 on, NaN for NaN.
mlir::Value buildExp(CodeBuilder &b, mlir::Value x);
/// tanh x within 2 ulp.
mlir::Value buildTanh(CodeBuilder &b, mlir::Value x);
/// erf x within 2 ulp.
mlir::Value buildErf(CodeBuilder &b, mlir::Value x);

/// Inlines a region of scalar arith and math ops on f32, with a vector of f32 for each argument and
/// each op done on all lanes; returns what it yields. Ops without CPU code are an error.
mlir::FailureOr<mlir::Value> inlineOnVectors(CodeBuilder &b, mlir::Region &region,
                                             mlir::ValueRange arguments);

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_VECTORMATH_H
