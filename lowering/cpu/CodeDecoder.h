//===- CodeDecoder.h - codes as vectors of f32 ------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_CODEDECODER_H
#define QOPT_LOWERING_CPU_CODEDECODER_H

#include "dialects/q/Q.h"
#include "lowering/cpu/CodeBuilder.h"
#include "lowering/cpu/CpuLevel.h"

namespace qopt::cpu {

/// Widens codes to f32, exactly. What a code stands for is `factor()` times that, a power of two
/// that callers multiply scales by.
class CodeDecoder {
public:
  /// With `hasSixBits`, four codes lie in the low halves of two rows of 32 bytes, and their upper
  /// bits in a third (q.compact).
  CodeDecoder(CodeBuilder &b, CpuLevel level, q::SchemeAttr scheme, bool hasSixBits = false);

  double factor() const;

  /// The codes of 16 bytes at `address`; of 4-bit codes those in the low (0) or high (1) half of
  /// each byte, of 6-bit codes the first to the fourth that lie together.
  mlir::Value load(mlir::Value address, int64_t part);

private:
  mlir::Value widenIntegers(mlir::Value bytes);
  mlir::Value joinSixBits(mlir::Value address, int64_t part);
  mlir::Value lookUp(mlir::Value bytes, int64_t half);
  mlir::Value lookUpInBytes(mlir::Value bytes, int64_t half);

  CodeBuilder &b;
  CpuLevel level;
  q::SchemeAttr scheme;
  bool hasSixBits;
};

/// 16 fp8 codes as f32: e5m2 exactly, e4m3 times 2^-8.
mlir::Value widenFp8(CodeBuilder &b, mlir::Value bytes, bool isE5M2);

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_CODEDECODER_H
