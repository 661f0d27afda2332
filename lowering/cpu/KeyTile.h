//===- KeyTile.h - keys that are rotated when they are read -----*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_KEYTILE_H
#define QOPT_LOWERING_CPU_KEYTILE_H

#include "lowering/cpu/CacheDecoder.h"

namespace qopt::cpu {

/// Keys that are cached before their rotary embedding and without their bias, as attention needs
/// them: a few tokens of a page at a time are decoded in registers, given their bias, turned by the
/// angles of their places in the page, and left in scratch memory that stays in the L1 cache, where
/// all queries of an item meet them. The rest of the turn, by the angles of the page's first token,
/// is the query's, which turns back by it: scores are the same.
class KeyTile {
public:
  /// Tokens of a tile: 16 to 32 KiB of heads of 64 to 128 elements.
  static constexpr int64_t kTokens = 64;

  /// `biasType` is null where keys have no bias.
  KeyTile(CodeBuilder &b, EmittedModule &target, const CachePool &pool, llm::RopeAttr rope,
          mlir::Type biasType)
      : b(b), target(target), pool(pool), rope(rope), biasType(biasType), decoder(b, target, pool) {
  }

  /// Scratch memory of a tile: f32 `[head_dim][kTokens]`.
  static int64_t bytes(int64_t headDim) { return headDim * kTokens * int64_t(sizeof(float)); }

  /// Makes the tile of the tokens of a block from `token` on. `bias` points to that of the KV head.
  void fill(mlir::Value block, mlir::Value token, mlir::Value bias, mlir::Value tile);

private:
  /// Elements of a head that share a row of codes.
  int64_t rowElements() const;
  /// The elements of a row for 16 tokens.
  CodeBuilder::Values decodeRow(mlir::Value block, mlir::Value row, mlir::Value token);
  CodeBuilder::Values decodeLinear(mlir::Value block, mlir::Value row, mlir::Value token);
  /// Turns elements `element` and `element + head_dim / 2` of 16 tokens and stores them.
  void place(mlir::Value low, mlir::Value high, mlir::Value element, mlir::Value token,
             mlir::Value bias, mlir::Value tile);
  void fillVector(mlir::Value block, mlir::Value token, mlir::Value bias, mlir::Value tile);
  void unrotateAndPlace(mlir::Value block, mlir::Value token, mlir::Value bias, mlir::Value tile);
  mlir::Value at(mlir::Value tile, mlir::Value element);
  mlir::Value angleTable(bool isSine);

  CodeBuilder &b;
  EmittedModule &target;
  const CachePool &pool;
  llm::RopeAttr rope;
  mlir::Type biasType;
  CacheDecoder decoder;
};

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_KEYTILE_H
