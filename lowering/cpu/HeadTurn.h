//===- HeadTurn.h - the rotary embedding of a head --------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_HEADTURN_H
#define QOPT_LOWERING_CPU_HEADTURN_H

#include "lowering/cpu/CodeBuilder.h"

namespace qopt::cpu {

/// A vector of a head: `lanes` elements from `start` on.
struct HeadPiece {
  int64_t start, lanes;
};
/// A head as vectors; one that turns is cut by halves, so that the vectors of both halves pair up.
llvm::SmallVector<HeadPiece> headPieces(int64_t headDim, bool turns);

/// Element i of the first half and its partner in the second are a point that turns by the i-th
/// angle, or back by it. `pieces` are those of a head that turns; `angles` points to cosine and
/// sine of each angle, side by side.
void turnHead(CodeBuilder &b, CodeBuilder::Values &pieces, int64_t headDim, mlir::Value angles,
              bool isBack = false);

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_HEADTURN_H
