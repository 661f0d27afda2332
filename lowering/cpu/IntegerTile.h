//===- IntegerTile.h - the inner loops of an integer product ----*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_INTEGERTILE_H
#define QOPT_LOWERING_CPU_INTEGERTILE_H

#include "lowering/cpu/IntegerGeometry.h"
#include "lowering/cpu/KernelBody.h"

namespace qopt::cpu {

// Functions that kernels of one geometry share. Codes of a panel lie as llm.pack stores them, one k
// after the other; products take four k of a column together, so loads interleave four rows.
//
// Every f32 sum is a chain over the blocks of k, in order, of exact integer sums times their
// scales: it does not depend on how rows and panels are grouped.

/// Rows that one tile multiplies, at most, and panels that one row is multiplied with side by side.
int64_t integerTileRows(CpuLevel level);
int64_t integerStreams(CpuLevel level);

/// `(x, sums)`: the sums of the codes of each block of one row of x, as i32.
mlir::func::FuncOp codeSums(EmittedModule &target, const IntegerGeometry &geometry,
                            mlir::Location loc);

/// `(codes, out)`: a panel's codes plus `offset`, as `[ceil(k/4)][32][4]`, zero beyond k. What
/// comes behind is requested from memory meanwhile.
mlir::func::FuncOp unpackPanel(EmittedModule &target, const IntegerGeometry &geometry,
                               mlir::Location loc);

/// `(x, panel, scales, zeros, code sums, x scales, sums)`: `rows` rows of x times an unpacked panel
/// into `sums[rows][32]`, f32, to which blocks are added where there are several. Scales and zeros
/// are the panel's, x scales the first row's; what a scheme has not is not read.
mlir::func::FuncOp integerTile(EmittedModule &target, const IntegerGeometry &geometry, int64_t rows,
                               mlir::Location loc);

/// The same for one row and `streams` panels as they are stored, one behind the other, and their
/// scales, into `sums[streams][32]`, which are set.
mlir::func::FuncOp integerRow(EmittedModule &target, const IntegerGeometry &geometry,
                              int64_t streams, mlir::Location loc);

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_INTEGERTILE_H
