//===- IntegerDot.h - sums of products of bytes -----------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_INTEGERDOT_H
#define QOPT_LOWERING_CPU_INTEGERDOT_H

#include "lowering/cpu/CodeBuilder.h"
#include "lowering/cpu/CpuLevel.h"

namespace qopt::cpu {

/// Dot products of unsigned with signed bytes, four for each i32 lane, exact: VNNI's vpdpbusd, or
/// multiplications of 16-bit halves where there is none (vpmaddubsw would saturate).
class IntegerDot {
public:
  IntegerDot(CodeBuilder &b, CpuLevel level) : b(b), level(level) {}

  /// The signed operand in the form that the level's instructions take.
  using Signed = CodeBuilder::Values;
  Signed prepare(mlir::Value bytes);
  /// The four codes at `pointer`, for each of 8 or 16 lanes.
  Signed broadcast(mlir::Value pointer, int64_t lanes);

  /// `sums[i] + sum_j unsignedBytes[4i + j] * signedBytes[4i + j]`, for 8 or 16 lanes.
  mlir::Value add(mlir::Value sums, mlir::Value unsignedBytes, const Signed &signedBytes);

private:
  mlir::Value half(mlir::Value vector, int64_t which);
  mlir::Value addHalfWords(mlir::Value sums, mlir::Value unsignedBytes, const Signed &signedBytes);

  CodeBuilder &b;
  CpuLevel level;
};

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_INTEGERDOT_H
