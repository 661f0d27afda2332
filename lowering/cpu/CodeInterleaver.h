//===- CodeInterleaver.h - four rows of a panel, byte by byte ---*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_CODEINTERLEAVER_H
#define QOPT_LOWERING_CPU_CODEINTERLEAVER_H

#include "lowering/cpu/CodeBuilder.h"

namespace qopt::cpu {

/// Loads weight codes of four k, all 32 columns of a panel, with the four of a column side by side.
/// Vectors of 32 bytes are interleaved within their halves, as the instructions do it: vector i has
/// columns 4i to 4i + 3 in its lower half and 16 + 4i to 16 + 4i + 3 in its upper one.
class CodeInterleaver {
public:
  /// Codes of 8 bits, of 6 with four k in three rows, or of 4 with two k in a byte; signed ones get
  /// 128, 32 or 8 added.
  CodeInterleaver(CodeBuilder &b, int64_t bits, bool isSigned)
      : b(b), bits(bits), isSigned(isSigned) {}

  /// Four vectors of 32 unsigned bytes from `pointer` on; of the four k, those from `available` on
  /// do not exist and are zero.
  CodeBuilder::Values load(mlir::Value pointer, int64_t available);
  /// Bytes from one such load to the next.
  int64_t bytes() const { return 16 * bits; }

  /// Vectors of 8 lanes in that order as two of 16 in the order of the columns.
  static CodeBuilder::Values inOrder(CodeBuilder &b, mlir::ValueRange vectors);

private:
  CodeBuilder::Values loadRows(mlir::Value pointer, int64_t available);

  CodeBuilder::Values loadSixBits(mlir::Value pointer);

  CodeBuilder &b;
  int64_t bits;
  bool isSigned;
};

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_CODEINTERLEAVER_H
