//===- KeySums.h - sums of integer keys times queries -----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_KEYSUMS_H
#define QOPT_LOWERING_CPU_KEYSUMS_H

#include "lowering/cpu/AttentionGeometry.h"
#include "lowering/cpu/WideDot.h"

namespace qopt::cpu {

/// The inner loop of scores of integer keys: codes times rounded queries, exact.
class KeySums {
public:
  KeySums(CodeBuilder &b, WideDot &dot, const CachePool &pool) : b(b), dot(dot), pool(pool) {}

  /// What is summed: so many of the pool's rows of codes from one on, for vectors of tokens.
  struct Range {
    mlir::Value firstRow;
    int64_t rows, token, vectors;
  };
  /// The pointer to something of the i-th query of a tile.
  using OfQuery = llvm::function_ref<mlir::Value(int64_t query)>;
  /// The sums of each query and vector of tokens, less the i32 at `bias`. `parts` are those of
  /// WideDot, by element of the head; `prefetch`, if any, is called for each row.
  CodeBuilder::Values sum(const AttentionTile &tile, mlir::Value keys, const Range &range,
                          OfQuery parts, int64_t partBytes, OfQuery bias,
                          llvm::function_ref<void(mlir::Value row)> prefetch);

private:
  CodeBuilder &b;
  WideDot &dot;
  const CachePool &pool;
};

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_KEYSUMS_H
