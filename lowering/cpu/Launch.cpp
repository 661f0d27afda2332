//===- Launch.cpp - rows, strides and grids -------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/Launch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

int64_t cpu::rowStride(int64_t columns) { return llvm::alignTo(columns, kernel::kRowAlignment); }

kernel::LaunchAttr cpu::launchOver(MLIRContext *context, ArrayRef<AffineExpr> grid,
                                   int64_t scratch) {
  AffineMap map = AffineMap::get(/*dimCount=*/0, /*symbolCount=*/2, grid, context);
  return kernel::LaunchAttr::get(context, map, /*block=*/0, /*shared=*/0, scratch);
}

AffineExpr cpu::rowBlocks(MLIRContext *context, std::optional<int64_t> staticRows,
                          int64_t rowsPerItem) {
  if (staticRows)
    return getAffineConstantExpr(llvm::divideCeil(*staticRows, rowsPerItem), context);
  return getAffineSymbolExpr(0, context).ceilDiv(rowsPerItem);
}

std::optional<int64_t> cpu::staticRowsOf(Value activation) {
  auto type = cast<RankedTensorType>(activation.getType());
  return type.isDynamicDim(0) ? std::nullopt : std::optional(type.getDimSize(0));
}
