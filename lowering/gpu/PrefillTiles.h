//===- PrefillTiles.h - the tiles of keys that a block visits ---*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_GPU_PREFILLTILES_H
#define QOPT_LOWERING_GPU_PREFILLTILES_H

#include "lowering/gpu/KernelConfig.h"
#include "lowering/gpu/PtxBuilder.h"

namespace qopt::ptx {

/// What a block of queries of one sequence visits: tiles of keys in a row. Where keys or values
/// have a window, rows of a block find a token here or there, depending on their positions. So the
/// tiles are visited once for each combination of places that there is, and each row sees those
/// tokens that it finds in both: a range that begins and ends the later the later its position is.
class PrefillTiles {
public:
  /// Of rows at the positions from `first` to `last`, in tiles of `keys`.
  PrefillTiles(PtxBuilder &b, const AttentionShape &shape, int64_t keys, Scalar first, Scalar last);

  struct Visit {
    Scalar tile;                   ///< of the sequence
    Scalar keysCoded, valuesCoded; ///< i1; neither where nothing has a window
  };
  Scalar count() const { return ends.back(); }
  Visit visit(Scalar index) const;
  /// The tokens of a visit that the row at `position` sees: from the first on, up to the second.
  std::pair<Scalar, Scalar> range(const Visit &visit, Scalar position) const;

private:
  /// Where keys and values are found.
  struct Places {
    bool keysCoded, valuesCoded;
  };
  Visit visitOf(const Places &places, Scalar tile) const;
  /// The same as `range`, but for rows that see nothing, whose end may be before their begin.
  std::pair<Scalar, Scalar> bounds(const Visit &visit, Scalar position) const;

  PtxBuilder &b;
  const AttentionShape &shape;
  llvm::SmallVector<Places> places;
  llvm::SmallVector<Scalar> firstTiles, ends; ///< of each: in the sequence, and among the visits
};

} // namespace qopt::ptx

#endif // QOPT_LOWERING_GPU_PREFILLTILES_H
