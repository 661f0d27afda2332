//===- IntegerGeometry.cpp - items and scratch of integer products --------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/IntegerGeometry.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

static constexpr int64_t kPanelWidth = llm::PackOp::kPanelWidth;
static constexpr int64_t kCacheLine = 64;

FailureOr<IntegerGeometry> IntegerGeometry::get(kernel::MatmulOp op, const MatmulConfig &config) {
  q::SchemeAttr weight = *op.getWeightScheme(), x = *op.getXScheme();
  if (!q::multipliesAsIntegers(weight, x))
    return op.emitOpError() << "has no CPU code for " << stringifyStorage(x.getStorage())
                            << " codes times " << stringifyStorage(weight.getStorage())
                            << " codes; int8 times int8 and int4 have";
  int64_t columns = cast<RankedTensorType>(op.getX().getType()).getDimSize(1);
  if (std::string reason = q::integerBlockObstacle(weight, x, columns); !reason.empty())
    return op.emitOpError() << "has no CPU code: " << reason;
  IntegerGeometry geometry;
  geometry.config = config;
  geometry.staticRows = staticRowsOf(op.getX());
  geometry.k = columns;
  geometry.panels = cast<RankedTensorType>(op.getWeight().getType()).getDimSize(0);
  geometry.ways = op.getWays();
  geometry.weight = PanelFormat::of(op.getWeight(), op.getWeightParameters(), weight, columns);
  geometry.bits = geometry.weight.hasSixBits ? 6 : weight.codeType().getIntOrFloatBitWidth();
  geometry.offset = weight.getRange()[0] >= 0 ? 0 : int64_t(1) << (geometry.bits - 1);
  geometry.zero = weight.getZero();
  geometry.weightGroups = weight.groupsOf(geometry.k);
  geometry.xGroups = x.groupsOf(geometry.k);
  geometry.sharesXScale = x.getGranularity() == q::Granularity::Tensor;
  return geometry;
}

int64_t IntegerGeometry::rowsPerItem() const {
  return staticRows ? std::min(*staticRows, config.rows) : config.rows;
}

int64_t IntegerGeometry::sumsStride() const {
  return std::min(config.panels, panels) * kPanelWidth;
}

int64_t IntegerGeometry::sumsBytes() const {
  return rowsPerItem() * sumsStride() * int64_t(sizeof(float));
}

int64_t IntegerGeometry::codeSumsBytes() const {
  return llvm::alignTo(rowsPerItem() * blocks() * int64_t(sizeof(int32_t)), kCacheLine);
}

int64_t IntegerGeometry::scratchBytes() const {
  int64_t unsignedPanel = staticRows == 1 ? 0 : llvm::divideCeil(k, 4) * 4 * kPanelWidth;
  return sumsBytes() + codeSumsBytes() + unsignedPanel;
}

std::string IntegerGeometry::key() const {
  std::string scales = "";
  if (!weight.parameterType.isF32())
    llvm::raw_string_ostream(scales) << "_" << weight.parameterType;
  return llvm::formatv("k{0}_int{1}_plus{2}_{3}_groups{4}x{5}{6}_stride{7}_ahead{8}", k, bits,
                       offset, q::stringifyZeroPoint(zero), weightGroups, xGroups, scales,
                       sumsStride(), config.prefetch);
}

kernel::LaunchAttr IntegerGeometry::launch(MLIRContext *context) const {
  SmallVector<AffineExpr> grid = {getAffineConstantExpr(groups(), context)};
  if (staticRows != 1)
    grid.push_back(rowBlocks(context, staticRows, rowsPerItem()));
  return launchOver(context, grid, scratchBytes());
}
