//===- IntegerGeometry.h - items and scratch of integer products -*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_INTEGERGEOMETRY_H
#define QOPT_LOWERING_CPU_INTEGERGEOMETRY_H

#include "lowering/cpu/KernelConfig.h"
#include "lowering/cpu/Launch.h"
#include "lowering/cpu/PanelFormat.h"
#include <string>

namespace qopt::cpu {

/// A kernel.matmul of codes with codes. Weight codes are made unsigned by adding `offset`, which
/// the sum of the row's codes takes back: `sum x w = sum x (w + offset) - offset sum x`. Integer
/// sums over a block of k become f32 with the block's scales. An item is a group of panels times a
/// block of rows; it keeps in its scratch memory first f32 sums `[rows][panels][32]`, then the sums
/// of codes `[rows][blocks]`, and for several rows a panel's codes, unsigned, as
/// `[ceil(k/4)][32][4]`.
struct IntegerGeometry {
  MatmulConfig config;
  std::optional<int64_t> staticRows; ///< rows of the function, where known
  int64_t k;                         ///< length of the products
  int64_t panels;                    ///< all panels of the weight
  int64_t ways;                      ///< 2 for gate and up
  PanelFormat weight;                ///< of integers
  int64_t bits;                      ///< of a weight code as it is stored: 4, 6 or 8
  int64_t offset;                    ///< 128, 32, 8, or 0 for codes that are unsigned already
  q::ZeroPoint zero;                 ///< of the weight
  int64_t weightGroups, xGroups;     ///< scales of a row of the weight and of x
  bool sharesXScale;                 ///< one scale for all rows of x

  /// Explains on the op why there is no kernel for its schemes.
  static mlir::FailureOr<IntegerGeometry> get(kernel::MatmulOp op, const MatmulConfig &config);

  int64_t blocks() const { return std::max(weightGroups, xGroups); }
  int64_t blockSize() const { return k / blocks(); }
  int64_t columnsPerPanel() const { return llm::PackOp::kPanelWidth / ways; }
  int64_t groups() const { return llvm::divideCeil(panels, config.panels); }
  int64_t rowsPerItem() const;
  /// Elements from one row's sums to the next.
  int64_t sumsStride() const;
  int64_t sumsBytes() const;
  int64_t codeSumsBytes() const;
  int64_t scratchBytes() const;
  /// What functions that kernels share depend on, for their names.
  std::string key() const;

  kernel::LaunchAttr launch(mlir::MLIRContext *context) const;
};

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_INTEGERGEOMETRY_H
