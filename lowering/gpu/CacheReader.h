//===- CacheReader.h - cached keys and values in registers ------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_GPU_CACHEREADER_H
#define QOPT_LOWERING_GPU_CACHEREADER_H

#include "lowering/gpu/CachePool.h"
#include "lowering/gpu/PtxBuilder.h"

namespace qopt::ptx {

/// Loads units of a pool and dequantizes them to bf16. An element is `factor * point + offset`, in
/// f32, of the number that its code's bits stand for. Those of progressive tiles are the integers
/// of a tile's first step, which bf16 has exactly: what they meet is multiplied with the tile's
/// scale.
class CacheReader {
public:
  /// A unit as it lies in memory, and what its elements are computed by:
  /// `[token * parts + part]`, a part being elements that share a scale; `[element]` of codes by
  /// channel; empty where elements are what they stand for. Of pairs whose elements are in
  /// different groups, parts are the first elements' and their partners', in turns. Of progressive
  /// tiles these are words of the bytes of integer scales, and of zeros + 128.
  struct Unit {
    llvm::SmallVector<Scalar> words, factors, offsets;
    Scalar multiplier; ///< of all elements; absent, 1
  };

  CacheReader(PtxBuilder &b, const CachePool &pool, mlir::Value base)
      : b(b), pool(pool), base(base) {}

  /// The block of a page (an index into the pool) for a KV head.
  mlir::Value block(Scalar page, Scalar kvHead) const;
  /// Unit `index`, which is below `end`, or the row's last if there are not as many.
  Scalar inRow(Scalar index, int64_t end) const;
  /// Unit `index` of the row of units that begins with `token` of the block. Tokens after
  /// `last` may be anything, even no numbers: instead of theirs, the scales of `last` are taken.
  /// `inGroup` is a token of the same group, where tokens form groups.
  Unit load(mlir::Value block, Scalar token, Scalar index, Scalar last, Scalar inGroup) const;
  /// The scale of the progressive tile that has `token` of the block.
  Scalar tileScale(mlir::Value block, Scalar token) const;
  /// The elements of the unit's token `token`.
  llvm::SmallVector<Scalar> elements(const Unit &unit, int64_t token) const;
  /// The same as words of two bf16.
  llvm::SmallVector<Scalar> words(const Unit &unit, int64_t token) const;
  /// The same elements of two tokens, a word for each element: `first`'s in the low half.
  llvm::SmallVector<Scalar> pairs(const Unit &first, int64_t firstToken, const Unit &second,
                                  int64_t secondToken) const;

private:
  /// Whether the elements of a pair are in different groups.
  bool hasPairsOfGroups() const { return pool.inPairs() && pool.groups() > 1; }
  /// Elements of a unit's token that share a scale.
  int64_t partElements() const;
  int64_t parts() const { return pool.unitElements() / partElements(); }
  /// Element `index` of a unit's token: which part it is in.
  int64_t partOf(int64_t index) const;
  /// The first element of a part of unit `index`.
  Scalar firstOf(int64_t part, Scalar index) const;
  void loadParameters(Unit &unit, mlir::Value block, Scalar token, Scalar index) const;
  void loadChannels(Unit &unit, mlir::Value block, Scalar group, Scalar index) const;
  void loadChannelBytes(Unit &unit, mlir::Value block, Scalar group, Scalar index) const;
  /// Code `code` of a unit, in bits `shift` and up of a word of nothing else.
  Scalar codeBits(const Unit &unit, int64_t code, int64_t shift) const;
  /// The number that a code's bits stand for, as `elements` needs it.
  Scalar point(const Unit &unit, int64_t code) const;
  /// `scale * point + zero` of an element of a progressive tile.
  Scalar tileInteger(const Unit &unit, int64_t element, Scalar point) const;

  PtxBuilder &b;
  CachePool pool;
  mlir::Value base;
};

/// Entry `index` (f32) of a table of scales.
Scalar tableScale(PtxBuilder &b, const CacheFormat::ScaleTable &table, Scalar index);

} // namespace qopt::ptx

#endif // QOPT_LOWERING_GPU_CACHEREADER_H
