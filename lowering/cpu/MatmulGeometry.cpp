//===- MatmulGeometry.cpp - items, scratch and strides of a product -------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/MatmulGeometry.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

static constexpr int64_t kSumBytes = 4;

MatmulGeometry::MatmulGeometry(kernel::MatmulOp op, const MatmulConfig &config)
    : config(config), staticRows(staticRowsOf(op.getX())), ways(op.getWays()) {
  auto weight = cast<RankedTensorType>(op.getWeight().getType());
  panels = weight.getDimSize(0);
  k = weight.getDimSize(1);
  weightType = weight.getElementType();
}

int64_t MatmulGeometry::rowsPerItem() const {
  return staticRows ? std::min(*staticRows, config.rows) : config.rows;
}

int64_t MatmulGeometry::sumsStride() const {
  return std::min(config.panels, panels) * llm::PackOp::kPanelWidth;
}

int64_t MatmulGeometry::sumsBytes() const { return rowsPerItem() * sumsStride() * kSumBytes; }

int64_t MatmulGeometry::scratchBytes() const {
  int64_t converted = std::min(config.kBlock, k) * llm::PackOp::kPanelWidth * kSumBytes;
  return sumsBytes() + (hasManyRows() && !weightType.isF32() ? converted : 0);
}

kernel::LaunchAttr MatmulGeometry::launch(MLIRContext *context) const {
  SmallVector<AffineExpr> grid = {getAffineConstantExpr(groups(), context)};
  if (staticRows != 1)
    grid.push_back(rowBlocks(context, staticRows, rowsPerItem()));
  return launchOver(context, grid, scratchBytes());
}
