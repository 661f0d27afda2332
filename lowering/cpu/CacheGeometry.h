//===- CacheGeometry.h - where keys and values lie -------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_CACHEGEOMETRY_H
#define QOPT_LOWERING_CPU_CACHEGEOMETRY_H

#include "dialects/kernel/Kernel.h"
#include "lowering/cpu/CodeStream.h"
#include "runtime/quantization/CacheFormat.h"
#include "llvm/Support/MathExtras.h"

namespace qopt::cpu {

/// Tokens of a page.
inline constexpr int64_t kPageTokens = 128;
/// Bytes that one lane of an integer dot product multiplies.
inline constexpr int64_t kQuad = 4;
/// Elements of a value that linear codes which are split between bytes are streams of.
inline constexpr int64_t kEight = 8;

/// The CPU layout of the keys or the values of one layer: `[pages][kv_heads]` of blocks for 128
/// tokens of a head. A block is codes, then scales, then zeros, as far as the format has them:
///
///   keys    `[head_dim][128]`, tokens in vector lanes
///   values  `[128][padded_dim]`
///
/// Linear codes lie by fours, as dot products of bytes take them, unsigned:
///
///   keys    `[head_dim / 4][128][4]`: four elements of a token
///   values  `[128 / 4][padded_dim][4]`: an element of four tokens
///
/// Narrower codes than bytes are streams of bits (CodeStream.h), n codes in m bytes:
///
///   keys    rows of elements are n in m: `[head_dim / n][m][128]` and `[head_dim / 4n][m][128][4]`
///   values  of 2 and 4 bits: vectors of 16 elements are n in a byte, `[128][padded_dim / 16n][16]`
///           and `[128 / 4][padded_dim / 16n][16][4]`
///           of others, linear: eights of elements are n in m, `[128 / 4][padded_dim /
///           8n][m][8][4]` of others, looked up: elements are a stream, `[128][padded_dim bits /
///           8]`
///
/// and behind any of them
///
///   scales  `[groups][128]` f16, or indices of a byte into a table; zeros f16; of codes by channel
///           `[128 / group][head_dim]` (of values `padded_dim`), progressive ones as unsigned and
///           signed bytes, behind which is the f16 scale of each tile, `[128 / group]`
struct CachePool {
  CacheFormat format;
  bool isKey;
  int64_t kvHeads, headDim;

  /// Bits of a code: as many as it has, but linear ones of 3 and 5 to 7 bits take up 4 and 8 where
  /// groups are no whole streams, multiples of 4n elements for keys and of 8n for values.
  int64_t bits() const;
  /// Whether codes of values may be split between bytes.
  bool isSplit() const { return codesTogether(bits()) > codesPerByte(); }
  /// Codes that share a byte with no others; 1 where they have bytes of their own or are split.
  int64_t codesPerByte() const;
  /// Bytes of what is addressed at once: one code, or the byte that several share.
  int64_t unitBytes() const;
  /// Elements of a key, or fours of linear ones, in a row of codes: those that end with a byte.
  int64_t rowCodes() const { return codesTogether(bits()); }
  /// Bytes from one byte of their streams to the next.
  int64_t streamStride() const { return kPageTokens * (isLinear() ? kQuad : 1); }
  /// Bytes of 16 codes of values that are looked up, or of those that share bytes with them.
  int64_t vectorBytes() const { return isSplit() ? kLanes * bits() / 8 : kLanes * unitBytes(); }
  /// Columns of a value's row in the block: whole vectors of codes.
  int64_t paddedDim() const { return llvm::alignTo(headDim, kLanes * codesPerByte()); }
  /// Whether codes lie by fours.
  bool isLinear() const { return format.linear().has_value(); }
  /// Rows of codes that attention visits one by one, and the bytes of each.
  int64_t codeRows() const;
  int64_t rowBytes() const;
  int64_t groupSize() const { return format.groupOf(headDim); }
  int64_t groups() const { return format.groupsOf(headDim); }
  int64_t scaleOffset() const;
  int64_t zeroOffset() const;
  int64_t blockBytes() const;
  /// Where the newest tokens are kept: `[sequences][2][kv_heads]` of blocks like these, page i of a
  /// sequence in the place of its i-th block modulo 2.
  CachePool window() const { return {{.code = CacheFormat::Code::F16}, isKey, kvHeads, headDim}; }
  int64_t windowBytes() const { return 2 * window().blockBytes(); }

  /// The block of a page (an index into the pool) for a KV head.
  mlir::Value block(CodeBuilder &b, mlir::Value pool, mlir::Value page, mlir::Value head) const;
  /// Where the parameters of a token's group are: of its scale, or its zero.
  mlir::Value scaleAddress(CodeBuilder &b, mlir::Value block, mlir::Value group,
                           mlir::Value token) const;
  mlir::Value zeroAddress(CodeBuilder &b, mlir::Value block, mlir::Value group,
                          mlir::Value token) const;

  /// The same of the parameters of a channel, for the tokens of a group (ChannelParameters.h).
  mlir::Value channelScaleAddress(CodeBuilder &b, mlir::Value block, mlir::Value tokenGroup,
                                  mlir::Value channel) const;
  mlir::Value channelZeroAddress(CodeBuilder &b, mlir::Value block, mlir::Value tokenGroup,
                                 mlir::Value channel) const;
  mlir::Value tileScaleAddress(CodeBuilder &b, mlir::Value block, mlir::Value tokenGroup) const;

private:
  int64_t scaleCount() const;
  /// Of codes by channel, those that have parameters in a block.
  int64_t channels() const { return isKey ? headDim : paddedDim(); }
  int64_t scaleBytes() const { return format.scaleTable || format.progressive ? 1 : 2; }
  int64_t zeroBytes() const { return format.progressive ? 1 : 2; }
  int64_t tileScaleOffset() const;
};

/// The layout of one layer's cache.
struct CacheGeometry {
  CachePool keys, values;

  /// Of `cache`, whose verifier has checked the formats.
  static CacheGeometry of(llm::CacheOp cache);
  /// Of the cache that `symbol` names.
  static mlir::FailureOr<CacheGeometry> get(mlir::Operation *op, mlir::FlatSymbolRefAttr symbol);

  bool hasWindow() const { return keys.format.residual != 0 || values.format.residual != 0; }
  int64_t kvHeads() const { return keys.kvHeads; }
  int64_t headDim() const { return keys.headDim; }
  /// Elements of a head in scratch memory, in whole vectors of either part's codes.
  int64_t paddedDim() const;
};

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_CACHEGEOMETRY_H
