//===- SharedTile.h - tiles of rows in shared memory ------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_GPU_SHAREDTILE_H
#define QOPT_LOWERING_GPU_SHAREDTILE_H

#include "lowering/gpu/PtxBuilder.h"

namespace qopt::ptx {

/// Elements of a chunk: 16 bytes of bf16, what one lane copies and one row of an ldmatrix tile is.
inline constexpr int64_t kChunk = 8;

/// A tile of bf16 rows in shared memory, swizzled: chunk c of row r is stored in place
/// `c ^ f(r)`, so that the eight rows that ldmatrix reads at once, and the eight chunks that a copy
/// writes at once, lie in different banks without padding.
class SharedTile {
public:
  /// Rows of `columns` elements: 32 or a multiple of 64.
  explicit SharedTile(int64_t columns) : columns(columns) {}

  int64_t rowBytes() const { return columns * 2; }
  int64_t rowChunks() const { return columns / kChunk; }
  /// Byte offset of chunk `chunk` of row `row` in a tile.
  Scalar offset(Scalar row, Scalar chunk) const;

  /// Lane offsets for the A operand of an mma: 16 rows from `row`, 16 columns from `chunk`.
  Scalar offsetA(Scalar lane, Scalar row, int64_t chunk) const;
  /// Lane offsets for the B operands of two mma whose columns are 16 rows of the tile.
  Scalar offsetB(Scalar lane, Scalar row, int64_t chunk) const;

private:
  int64_t columns;
};

} // namespace qopt::ptx

#endif // QOPT_LOWERING_GPU_SHAREDTILE_H
