//===- CodePlacer.h - where a token's codes go ------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_CODEPLACER_H
#define QOPT_LOWERING_CPU_CODEPLACER_H

#include "lowering/cpu/CacheGeometry.h"

namespace qopt::cpu {

/// Puts the codes of a token's head into the layout of a block. Tokens beside this one may be
/// written meanwhile by others: only its own bytes are touched.
class CodePlacer {
public:
  CodePlacer(CodeBuilder &b, const CachePool &pool) : b(b), pool(pool) {}

  /// `codes` is a code after the other, each the lowest bits of its own unit
  /// (CachePool::unitBytes), followed by as many as whole vectors that share bytes have.
  void place(mlir::Value codes, mlir::Value block, mlir::Value slot);

private:
  void placeKey(mlir::Value codes, mlir::Value block, mlir::Value slot);
  void placeValue(mlir::Value codes, mlir::Value block, mlir::Value slot);
  void placeElements(mlir::Value codes, mlir::Value block, mlir::Value slot);
  void placeQuads(mlir::Value codes, mlir::Value block, mlir::Value slot);
  CodeBuilder::Values pack(mlir::Value codes, mlir::Value first, int64_t count, mlir::Type type,
                           int64_t distance);

  CodeBuilder &b;
  const CachePool &pool;
};

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_CODEPLACER_H
