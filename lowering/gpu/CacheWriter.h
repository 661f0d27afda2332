//===- CacheWriter.h - a head becomes cached codes --------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_GPU_CACHEWRITER_H
#define QOPT_LOWERING_GPU_CACHEWRITER_H

#include "lowering/gpu/CachePool.h"
#include "lowering/gpu/PtxBuilder.h"

namespace qopt::ptx {

/// A warp codes the head of a token, a lane as many consecutive elements as a word of codes has.
class CacheWriter {
public:
  CacheWriter(PtxBuilder &b, const CachePool &pool, Scalar lane) : b(b), pool(pool), lane(lane) {}

  /// `head` holds the row's elements in shared memory, f32, in their places, zeros beyond the head;
  /// then there is room for headBytes() in all. `block` is that of the token's page and head.
  void append(mlir::Value head, mlir::Value block, Scalar token);

  /// A multiple of 16.
  static int64_t headBytes(const CachePool &pool);

private:
  /// What elements are coded by: `code = (x - zero) / divisor`; no zero where symmetric.
  struct Parameters {
    Scalar divisor, zero;
  };
  /// A lane's elements, from `first` on, and whether they are its own to store.
  struct Piece {
    Scalar first, exists;
    llvm::SmallVector<Scalar> elements;
  };

  int64_t pieceElements() const;
  int64_t pieces() const { return pool.paddedDim() / pieceElements(); }
  /// Piece `index`, or the last, which is the lane's own where `exists`.
  Piece load(mlir::Value head, Scalar index, Scalar exists);
  /// The same of elements in order, which lie in pairs.
  Piece gather(mlir::Value head, Scalar index, Scalar exists);
  void appendGroups(mlir::Value head, mlir::Value block, Scalar token);
  void storePairs(mlir::Value head, mlir::Value block, Scalar token);
  /// Behind the head: what each group of elements in pairs is coded by.
  mlir::Value parametersBehind(mlir::Value head);
  /// Of the group, or head, that `pieces` of this lane belong to, and `lanes` lanes have.
  Scalar rootMeanSquare(llvm::ArrayRef<Piece> pieces, int64_t lanes);
  Parameters measure(llvm::ArrayRef<Piece> pieces, int64_t lanes);
  /// Of a group of integers.
  struct Range {
    Scalar least, greatest;
  };
  Range search(llvm::ArrayRef<Piece> pieces, int64_t lanes, const Range &whole);
  /// Whether an element of a piece is one of the head's: there are zeros beyond it.
  Scalar isElement(const Piece &piece, int64_t index);
  /// Stores the parameters of group `group` where `isFirst`; codes are computed with them as
  /// stored.
  Parameters store(Parameters parameters, mlir::Value block, Scalar token, Scalar group,
                   Scalar isFirst);
  /// Element i is coded by parameters i modulo their number.
  void storePiece(const Piece &piece, llvm::ArrayRef<Parameters> parameters, mlir::Value block,
                  Scalar token);

  Scalar roundToF16(Scalar value);
  /// The index of the scale in the table, as f32; `scale` becomes the entry.
  Scalar findScale(Scalar &scale);
  /// The code in the lowest bits; nothing above them.
  Scalar encode(Scalar x, const Parameters &parameters);
  Scalar encodeFp8(Scalar x);
  Scalar encodeUniform(Scalar x);
  Scalar encodeHalf(Scalar x);
  Scalar toInteger(Scalar x);

  PtxBuilder &b;
  const CachePool &pool;
  Scalar lane;
};

} // namespace qopt::ptx

#endif // QOPT_LOWERING_GPU_CACHEWRITER_H
