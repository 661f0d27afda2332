//===- SharedTile.cpp - tiles of rows in shared memory --------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/SharedTile.h"

using namespace qopt::ptx;

Scalar SharedTile::offset(Scalar row, Scalar chunk) const {
  // 128 bytes are all banks: two rows of 32 elements share them, longer rows have eight chunks to
  // permute.
  Scalar mask = rowChunks() == 4 ? row / 2 % 4 : row % 8;
  return row * rowBytes() + (chunk ^ mask) * 16;
}

Scalar SharedTile::offsetA(Scalar lane, Scalar row, int64_t chunk) const {
  // Tiles in fragment order: rows 0-7 and 8-15 of the first 8 columns, then of the second.
  return offset(row + lane % 16, lane / 16 + chunk);
}

Scalar SharedTile::offsetB(Scalar lane, Scalar row, int64_t chunk) const {
  // Both halves of the depth for rows 0-7, then for rows 8-15.
  return offset(row + lane % 8 + lane / 16 * 8, lane / 8 % 2 + chunk);
}
