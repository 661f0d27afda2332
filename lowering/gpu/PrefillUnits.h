//===- PrefillUnits.h - cached units become a tile of bf16 ------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_GPU_PREFILLUNITS_H
#define QOPT_LOWERING_GPU_PREFILLUNITS_H

#include "lowering/gpu/CacheReader.h"
#include "lowering/gpu/KeyTurn.h"
#include "lowering/gpu/SharedTile.h"
#include <optional>

namespace qopt::ptx {

/// Calls `body(row, piece)` so that `threads` threads, of which `thread` is one, together visit
/// every piece of `rows` rows of `rowPieces`.
void forEachPiece(PtxBuilder &b, Scalar thread, int64_t threads, int64_t rows, int64_t rowPieces,
                  llvm::function_ref<void(Scalar, Scalar)> body);

/// Codes become bf16 on their way into a tile of rows: a thread takes a unit. After the last token,
/// and beyond the head, there is something finite, which weighs nothing: values by channel that are
/// not coded yet have scales of the last group that is.
class PrefillUnits {
public:
  /// Of a block of `threads` threads and its tiles of `keys` rows, of which mma reads `columns`.
  PrefillUnits(PtxBuilder &b, SharedTile tile, Scalar thread, int64_t threads, int64_t keys,
               int64_t columns)
      : b(b), tile(tile), thread(thread), threads(threads), keys(keys), columns(columns) {}

  /// The tokens of a block of `pool` from position `firstKey` on; those from `endKey` on are not
  /// there. Keys in pairs turn by the angles of their positions.
  void decode(const CacheReader &reader, const CachePool &pool, mlir::Value block, Scalar firstKey,
              Scalar endKey, const std::optional<KeyTurn> &turn, mlir::Value target);

private:
  /// The words of a unit's token at `position`.
  llvm::SmallVector<Scalar> turned(llvm::SmallVector<Scalar> elements, const CachePool &pool,
                                   const KeyTurn &turn, Scalar position, Scalar unit);

  PtxBuilder &b;
  SharedTile tile;
  Scalar thread;
  int64_t threads, keys, columns;
};

} // namespace qopt::ptx

#endif // QOPT_LOWERING_GPU_PREFILLUNITS_H
