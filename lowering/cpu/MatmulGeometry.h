//===- MatmulGeometry.h - items, scratch and strides of a product -*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_MATMULGEOMETRY_H
#define QOPT_LOWERING_CPU_MATMULGEOMETRY_H

#include "lowering/cpu/KernelConfig.h"
#include "lowering/cpu/Launch.h"
#include "lowering/cpu/PanelFormat.h"

namespace qopt::cpu {

/// How a kernel.matmul is cut into items, and what an item keeps in its scratch memory: first the
/// sums `[rows][panels][32]`, then a block of a panel converted to f32, `[k_block][32]`.
struct MatmulGeometry {
  MatmulConfig config;
  std::optional<int64_t> staticRows; ///< rows of the function, where known
  PanelFormat weight;                ///< its k is the length of the products
  int64_t panels;                    ///< all panels of the weight
  int64_t ways;                      ///< 2 for gate and up

  MatmulGeometry(kernel::MatmulOp op, const MatmulConfig &config);

  /// Columns of a panel that are one vector of results: 32, or 16 with two ways.
  int64_t columnsPerPanel() const { return llm::PackOp::kPanelWidth / ways; }
  int64_t groups() const { return llvm::divideCeil(panels, config.panels); }
  int64_t k() const { return weight.k; }
  /// Elements of k that are multiplied at a time: about what the config says, in whole groups.
  int64_t kBlock() const;
  /// Whether many rows multiply a copy of the weights as f32.
  bool convertsWeights() const { return !weight.type.isF32(); }
  /// Most rows of an item.
  int64_t rowsPerItem() const;
  /// Whether an item may have so many rows that they are multiplied by blocks of k.
  bool hasManyRows() const { return rowsPerItem() > config.directRows; }
  /// Elements from one row's sums to the next.
  int64_t sumsStride() const;
  int64_t sumsBytes() const;
  int64_t scratchBytes() const;

  kernel::LaunchAttr launch(mlir::MLIRContext *context) const;
};

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_MATMULGEOMETRY_H
