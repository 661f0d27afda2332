//===- QuadSums.h - integer sums of four values at a time -------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_QUADSUMS_H
#define QOPT_LOWERING_CPU_QUADSUMS_H

#include "lowering/cpu/AttentionGeometry.h"
#include "lowering/cpu/WideDot.h"

namespace qopt::cpu {

/// Sums of a tile's rounded weights times integer codes of values, which lie by fours of tokens:
/// two vectors (WideDot::Sums) for each query and vector of elements, queries outermost. The
/// weights are where WideDot::round has put them, at scaledWeightOffset() of each query.
class QuadSums {
public:
  QuadSums(const AttentionGeometry &geometry, CodeBuilder &b, WideDot &dot)
      : geometry(geometry), b(b), dot(dot) {}

  /// Vectors of elements whose sums stay in registers: whole bytes of codes, at least.
  int64_t vectorsAtOnce(int64_t queries) const;
  /// Adds four tokens, number `quad` of a block of values, for `vectors` vectors from `first` on.
  CodeBuilder::Values add(mlir::ValueRange sums, const AttentionTile &tile, mlir::Value values,
                          mlir::Value quad, int64_t first, int64_t vectors);

private:
  /// The codes of vector `vector` of a row of codes.
  mlir::Value loadCodes(mlir::Value row, int64_t vector);

  const AttentionGeometry &geometry;
  CodeBuilder &b;
  WideDot &dot;
};

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_QUADSUMS_H
