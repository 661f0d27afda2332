//===- RowQuantizer.h - codes of a row of an activation ---------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_GPU_ROWQUANTIZER_H
#define QOPT_LOWERING_GPU_ROWQUANTIZER_H

#include "lowering/gpu/KernelFunction.h"

namespace qopt::ptx {

/// Quantizes a row that the threads of a block hold, as `#q.scheme` says: symmetric int8 or fp8
/// codes with a scale for the row or for each group of it, or a given one for all rows
/// (runtime/quantization/BlockCodec.cpp computes the same on the host).
class RowQuantizer {
public:
  /// Elements that a thread holds side by side: a vector.
  static constexpr int64_t kVector = 4;

  /// Shared memory that magnitudes meet in: one f32 for each warp, or for each vector of the row.
  static int64_t sharedBytes(q::SchemeAttr scheme, int64_t columns);

  /// `result`: codes or, in f32 or bf16, the values that they stand for. `scales`: where scales of
  /// the row go, absent with values or a given scale. `given`: that scale, or absent.
  RowQuantizer(KernelFunction &function, q::SchemeAttr scheme, mlir::Value result,
               mlir::Value scales, mlir::Value given);

  /// Takes all vectors of this thread, zeros beyond the row: vector i is at element `kVector *
  /// (thread + i * threads)`. `threads` in the block; `shared` is for this. Stores the row's
  /// scales.
  void begin(llvm::ArrayRef<llvm::SmallVector<Scalar>> vectors, Scalar row, int64_t threads,
             mlir::Value shared);
  /// Stores vector `i`, which is at `column`.
  void store(size_t i, Scalar row, Scalar column, llvm::ArrayRef<Scalar> values);

private:
  /// What elements with a common scale are encoded and decoded with.
  struct Block {
    Scalar scale;               ///< what a code is multiplied by
    Scalar divisor, multiplier; ///< of a value on the way to its code; either may be absent
  };

  bool isByGroup() const { return scheme.granularity == Granularity::Group; }
  Scalar largestOfBlock(Scalar largest, int64_t threads, mlir::Value shared);
  Scalar largestOfGroup(Scalar column, mlir::Value shared);
  Block blockOf(Scalar largest);
  Block blockOf(Scalar scale, Scalar stored, Scalar largest);
  void beginGroups(llvm::ArrayRef<Scalar> largest, Scalar row, int64_t threads, mlir::Value shared);
  void storeScale(const Block &block, Scalar row, Scalar group);
  Scalar scaled(const Block &block, Scalar value);
  Scalar codeOf(const Block &block, Scalar value);

  KernelFunction &function;
  PtxBuilder &b;
  q::SchemeAttr attribute;
  Scheme scheme;
  mlir::Value result, scales, given;
  int64_t columns;
  llvm::SmallVector<Block> blocks; ///< of the row, or of each of the thread's vectors
};

} // namespace qopt::ptx

#endif // QOPT_LOWERING_GPU_ROWQUANTIZER_H
