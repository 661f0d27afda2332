//===- WideDot.h - sums of bytes times 16-bit integers ----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_WIDEDOT_H
#define QOPT_LOWERING_CPU_WIDEDOT_H

#include "lowering/cpu/CodeBuilder.h"
#include "lowering/cpu/CpuLevel.h"

namespace qopt::cpu {

/// Dot products of unsigned bytes with integers of 16 bits, four for each of 16 i32 lanes, exact.
/// An integer is `256 high + low` of two signed bytes, each for a vpdpbusd of its own; without
/// VNNI, vpmaddwd takes even and odd bytes as 16-bit halves. Either way integers lie in memory as
/// two parts of a byte each, so that one broadcast dword of a part is a factor of four bytes.
class WideDot {
public:
  WideDot(CodeBuilder &b, CpuLevel level) : b(b), level(level) {}

  /// Vectors of sums that stay in registers beside what they are made of.
  int64_t sumsInRegisters() const { return level == CpuLevel::Avx512 ? 12 : 4; }
  /// Queries that share the codes they meet, at most: each has a sum or more in registers.
  int64_t tileQueries() const { return level == CpuLevel::Avx512 ? 3 : 2; }

  /// f32 numbers as integers.
  struct Rounded {
    mlir::Value unit; ///< what 1 stands for, in all lanes; NaN where a number is not finite
    mlir::Value sum;  ///< of the integers, in all i32 lanes
  };
  /// Rounds `numbers` (vectors of 16) to 16 bits of the largest magnitude and stores the parts at
  /// `pointer`, `partBytes` after each other.
  Rounded round(llvm::ArrayRef<mlir::Value> numbers, mlir::Value pointer, int64_t partBytes);

  /// Four integers for all lanes: those at byte `pointer` of the first part.
  using Factor = CodeBuilder::Values;
  Factor factor(mlir::Value pointer, int64_t partBytes);

  /// A vector of 16 sums while they are added to.
  using Sums = std::array<mlir::Value, 2>;
  /// Each is `start` (16 i32).
  Sums begin(mlir::Value start);
  /// Lane i grows by `bytes[4i + j] factor[j]`, j = 0 .. 3.
  Sums add(const Sums &sums, mlir::Value bytes, const Factor &factor);
  mlir::Value finish(const Sums &sums);

private:
  mlir::Value call(llvm::StringRef intrinsic, mlir::Type type, mlir::ValueRange operands);
  mlir::Value half(mlir::Value vector, int64_t which);
  mlir::Value splat(mlir::VectorType type, int64_t value);

  CodeBuilder &b;
  CpuLevel level;
};

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_WIDEDOT_H
