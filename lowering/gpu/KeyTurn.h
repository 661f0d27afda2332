//===- KeyTurn.h - keys that turn as they are read --------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_GPU_KEYTURN_H
#define QOPT_LOWERING_GPU_KEYTURN_H

#include "lowering/gpu/CachePool.h"
#include "lowering/gpu/PtxBuilder.h"

namespace qopt::ptx {

/// Keys that are cached before their rotary embedding and without their bias, in the registers of
/// the lanes that read them, and what turns them: pairs lie side by side (CachePool.h).
class KeyTurn {
public:
  using Values = llvm::SmallVector<Scalar>;

  /// `ropeTable` holds cosine and sine of each position and pair. `bias` points to that of the KV
  /// head, f32; null where keys have none.
  KeyTurn(PtxBuilder &b, const CachePool &pool, mlir::Value ropeTable, mlir::Value bias)
      : b(b), pool(pool), ropeTable(ropeTable), bias(bias) {}

  /// Cosines and sines, and biases, in the places of two pairs from `pair` on, which is even. Those
  /// beyond the head are some others.
  Values angles(Scalar position, Scalar pair) const;
  Values biases(Scalar pair) const;
  bool hasBias() const { return bool(bias); }

  /// `values`, with `biases` unless there are none, turned by `angles`, or back by them: a word of
  /// two bf16 for each pair.
  Values turn(llvm::ArrayRef<Scalar> values, llvm::ArrayRef<Scalar> biases,
              llvm::ArrayRef<Scalar> angles) const;
  Values turnBack(llvm::ArrayRef<Scalar> values, llvm::ArrayRef<Scalar> angles) const;

  /// Where codes are those of rotated keys (`hadamard=`): rotates them back. `units` are those of a
  /// token that a lane has, `lane` being its number among the neighbours that share the token and
  /// `lanes`, a power of two, theirs: its units are lane, lane + lanes and so on. All lanes of the
  /// warp come here.
  void rotateBack(llvm::MutableArrayRef<Values> units, Scalar lane, int64_t lanes) const;

private:
  /// The signs of 32 places of a unit, from `first` on, as bits.
  Scalar signs(int64_t firstUnit, int64_t first, Scalar lane, int64_t lanes) const;

  PtxBuilder &b;
  CachePool pool;
  mlir::Value ropeTable, bias;
};

} // namespace qopt::ptx

#endif // QOPT_LOWERING_GPU_KEYTURN_H
