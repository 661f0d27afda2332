//===- MatmulTile.h - the inner loops of a product --------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_MATMULTILE_H
#define QOPT_LOWERING_CPU_MATMULTILE_H

#include "lowering/cpu/KernelBody.h"
#include "lowering/cpu/MatmulGeometry.h"
#include "lowering/cpu/PanelReader.h"

namespace qopt::cpu {

/// Rows that one tile multiplies, at most: its sums, two vectors a row, stay in registers. Where
/// there are few registers, a tile covers its panel's halves one after the other.
int64_t tileRows(CpuLevel level);

/// The function `(x, sums, count, weights...)` that adds `x[r, 0..count) * weights[0..count, 32]`
/// to the sums of `rows` rows. Weights are stored ones, requested ahead from memory, or a block
/// that is in a cache as f32; they are the values of PanelPointers. Rows of x are as far apart as
/// those of `geometry.k` columns. Kernels of the same k share it.
enum class TileWeights { Stored, Cached };
mlir::func::FuncOp matmulTile(EmittedModule &target, const MatmulGeometry &geometry, int64_t rows,
                              TileWeights kind, mlir::Location loc);

/// The function `(x, sums, weights...)` that multiplies one row with `streams` whole panels that
/// lie one behind the other, into `sums[streams, 32]`. Reading them side by side keeps enough
/// memory accesses under way to use all bandwidth.
mlir::func::FuncOp matmulRow(EmittedModule &target, const MatmulGeometry &geometry, int64_t streams,
                             mlir::Location loc);

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_MATMULTILE_H
