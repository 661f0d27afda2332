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
    : config(config), staticRows(staticRowsOf(op.getX())),
      weight(PanelFormat::of(op.getWeight(), op.getWeightParameters(), op.getWeightSchemeAttr(),
                             cast<RankedTensorType>(op.getX().getType()).getDimSize(1))),
      panels(cast<RankedTensorType>(op.getWeight().getType()).getDimSize(0)), ways(op.getWays()) {
  weight.scalesSums = weight.isCodes() && weight.groups() == 1 && !weight.hasZeros();
}

int64_t MatmulGeometry::kBlock() const {
  if (weight.groups() == 1)
    return config.kBlock;
  int64_t size = weight.groupSize() * weight.groupsTogether();
  return std::max<int64_t>(1, config.kBlock / size) * size;
}

int64_t MatmulGeometry::rowsPerItem() const {
  return staticRows ? std::min(*staticRows, config.rows) : config.rows;
}

int64_t MatmulGeometry::sumsStride() const {
  return std::min(config.panels, panels) * llm::PackOp::kPanelWidth;
}

int64_t MatmulGeometry::sumsBytes() const { return rowsPerItem() * sumsStride() * kSumBytes; }

int64_t MatmulGeometry::scratchBytes() const {
  int64_t converted = std::min(kBlock(), k()) * llm::PackOp::kPanelWidth * kSumBytes;
  return sumsBytes() + (hasManyRows() && convertsWeights() ? converted : 0);
}

kernel::LaunchAttr MatmulGeometry::launch(MLIRContext *context) const {
  SmallVector<AffineExpr> grid = {getAffineConstantExpr(groups(), context)};
  if (staticRows != 1)
    grid.push_back(rowBlocks(context, staticRows, rowsPerItem()));
  return launchOver(context, grid, scratchBytes());
}
