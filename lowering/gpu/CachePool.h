//===- CachePool.h - where keys and values lie on GPUs ----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_GPU_CACHEPOOL_H
#define QOPT_LOWERING_GPU_CACHEPOOL_H

#include "dialects/llm/Llm.h"
#include "lowering/gpu/Scalar.h"
#include "runtime/quantization/CacheFormat.h"
#include "llvm/ADT/SmallVector.h"

namespace qopt::ptx {

/// Tokens of a page of the cache.
inline constexpr int64_t kPageTokens = 128;

/// The PTX layout of the keys or the values of one layer: `[pages][kv_heads]` of blocks for 128
/// tokens of a head. A block is codes, then scales, then zeros, as far as the format has them.
///
/// Codes lie in units of up to 16 bytes, what a lane loads at once: `unitElements()` consecutive
/// elements of each of `unitTokens()` tokens, token by token, the first code in the lowest bits. A
/// block holds `[128 / unitTokens()][unitsPerRow()]` of them. The quad of lanes that shares a key
/// takes up to 16 bytes a lane, or less where that is a quarter of the head: then of both of the
/// lane's keys in a step, which are two tokens apart. The eight lanes that share a value take an
/// eighth of (128 elements of) the head each, of as many of their four tokens in a row as fit.
/// Units end where heads do not: elements beyond a head are codes of anything.
///
/// Codes of 3, 5, 6 and 7 bits are split into planes of 4, 2 and 1 bits, the lowest bits in the
/// widest: each is blocks of such units, those of 4 bits with a part of each code, and the next
/// plane follows. So a lane loads 16, 8 and 4 bytes.
///
/// Scales and zeros are `[128][groups]`, f16 or the index of an entry of a table; of codes by
/// channel `[128 / group][head_dim]`. Those of progressive tiles are unsigned and signed bytes, and
/// the tiles' own scales follow, f16 `[128 / group]`.
///
/// Keys before their rotary embedding lie in pairs, so that what turns together is in one lane:
/// place 2 i of a row, or of its channels, has the head's element i, place 2 i + 1 its partner in
/// the head's second half. Groups are those of elements in order.
struct CachePool {
  CacheFormat format;
  bool isKey;
  int64_t kvHeads, headDim;

  /// Of `cache`, whose verifier has checked the formats.
  static CachePool of(llm::CacheOp cache, bool isKey);

  /// Whether elements are bf16, as tensor cores take them.
  bool isPlain() const { return format.isNative() || format.code == CacheFormat::Code::BF16; }
  /// Bits of a code, as units are laid out: of split codes 4.
  int64_t bits() const;
  /// Whether codes are split into planes.
  bool isSplit() const { return planes().size() > 1; }
  /// Bits of the parts of a code, the lowest first.
  llvm::SmallVector<int64_t, 3> planes() const;
  /// Whether elements lie in pairs.
  bool inPairs() const { return format.beforeRope; }
  int64_t unitElements() const;
  int64_t unitTokens() const;
  /// From one token of a unit to the next.
  int64_t tokenDistance() const { return isKey ? 2 : 1; }
  /// Of a plane of so many bits.
  int64_t unitBytes(int64_t bits) const { return unitElements() * unitTokens() * bits / 8; }
  /// The byte of the block in which plane `plane` begins; behind the last, all planes end.
  int64_t planeOffset(size_t plane) const;
  int64_t unitsPerRow() const;
  /// Elements of a row, with those beyond the head.
  int64_t paddedDim() const { return unitsPerRow() * unitElements(); }

  // Of a token of the block.
  /// The row of units that has it, and its place among the tokens of those.
  Scalar unitRow(Scalar token) const;
  Scalar placeInUnit(Scalar token) const;
  /// The byte of the block in which the code in place `place` of its row begins, in a plane.
  Scalar codeOffset(Scalar token, Scalar place, size_t plane = 0) const;
  /// The first token of a row of units.
  Scalar firstToken(Scalar unitRow) const;

  /// The place of an element of the head.
  Scalar placeOf(Scalar element) const;

  int64_t groupSize() const { return format.groupOf(headDim); }
  int64_t groups() const { return format.groupsOf(headDim); }
  int64_t scaleBytes() const { return format.scaleTable || format.progressive ? 1 : 2; }
  int64_t scaleOffset() const;
  int64_t zeroOffset() const;
  int64_t tileScaleOffset() const;
  int64_t blockBytes() const;

  /// Where the newest tokens are kept: `[sequences][2][kv_heads]` of blocks like these, page i of a
  /// sequence in the place of its i-th block modulo 2.
  CachePool window() const {
    return {
        {.code = CacheFormat::Code::F16, .beforeRope = format.beforeRope}, isKey, kvHeads, headDim};
  }
  /// Of a sequence and a KV head; 0 where the format has none.
  int64_t windowBytes() const { return format.residual ? 2 * window().blockBytes() : 0; }

private:
  int64_t scaleCount() const;
};

} // namespace qopt::ptx

#endif // QOPT_LOWERING_GPU_CACHEPOOL_H
