//===- WarpHead.h - one head in the registers of a warp ---------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_GPU_WARPHEAD_H
#define QOPT_LOWERING_GPU_WARPHEAD_H

#include "lowering/gpu/PtxBuilder.h"

namespace qopt::ptx {

/// A head of q, k or v, spread over a warp in the pairs that are rotated together: elements i and
/// i + half.
class WarpHead {
public:
  /// Elements that one lane loads at once, 2 where `offsets` (of the heads in their rows) and the
  /// head's size leave them aligned.
  static int64_t chooseWidth(int64_t headDim, llvm::ArrayRef<int64_t> offsets);

  WarpHead(PtxBuilder &b, int64_t headDim, int64_t width, Scalar lane);

  /// `placeOf`: where elements lie in `source` that is not in order, pairs of them together.
  void load(
      mlir::Value source, mlir::Type element, Access access,
      llvm::function_ref<Scalar(Scalar)> placeOf = [](Scalar i) { return i; });
  /// RMS norm with the weights at `weight`, f32.
  void normalize(mlir::Value weight, double eps);
  /// Rotates by the angles of `position`: (cos, sin) pairs of f32.
  void rotate(mlir::Value ropeTable, Scalar position);
  /// `H diag(signs) x / sqrt(n)` (runtime/quantization/Hadamard.h), and its inverse.
  void transform(uint32_t seed);
  void transformBack(uint32_t seed);
  /// Applies what `body` does where `condition` holds.
  void applyIf(Scalar condition, llvm::function_ref<void()> body);
  /// Stores the head as `element`, f32, bf16 or f16, and zeros up to element `end`.
  void store(mlir::Value target, mlir::Type element, int64_t end);
  /// The same with the elements of each pair side by side. `placeOf`: where two places are that
  /// begin with an even one, or four that begin with a multiple of four.
  void storePairs(
      mlir::Value target, mlir::Type element, int64_t end,
      llvm::function_ref<Scalar(Scalar)> placeOf = [](Scalar i) { return i; });

private:
  /// Consecutive elements of both halves that one lane holds.
  struct Pairs {
    Scalar first; ///< index of the first element in its half
    llvm::SmallVector<Scalar> low, high;
  };
  llvm::SmallVector<mlir::Value> flatten() const;
  void applySigns(uint32_t seed);
  void applyHadamard();

  PtxBuilder &b;
  int64_t headDim, half, width;
  Scalar lane;
  llvm::SmallVector<Pairs> pairs;
};

} // namespace qopt::ptx

#endif // QOPT_LOWERING_GPU_WARPHEAD_H
