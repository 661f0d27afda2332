//===- RowQuantizer.h - int8 codes of a row of an activation ----*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_GPU_ROWQUANTIZER_H
#define QOPT_LOWERING_GPU_ROWQUANTIZER_H

#include "lowering/gpu/KernelFunction.h"

namespace qopt::ptx {

/// Quantizes a row that the threads of a block hold, as `#q.scheme` says: symmetric int8 codes with
/// a scale for the row, or a given one for all rows (runtime/quantization/BlockCodec.cpp computes
/// the same on the host).
class RowQuantizer {
public:
  /// Shared memory that the largest magnitude is found in: one f32 for each warp.
  static constexpr int64_t kSharedBytes = 32 * sizeof(float);

  /// `result`: codes or, in f32 or bf16, the values that they stand for. `scales`: where the row's
  /// scale goes, absent with values or a given scale. `given`: that scale, or absent.
  RowQuantizer(KernelFunction &function, q::SchemeAttr scheme, mlir::Value result,
               mlir::Value scales, mlir::Value given);

  /// Takes all values of this thread, zeros beyond the row; `threads` in the block; `shared` is for
  /// this. Stores the row's scale.
  void begin(llvm::ArrayRef<llvm::SmallVector<Scalar>> values, Scalar row, int64_t threads,
             mlir::Value shared);
  /// Stores four elements, from `column` on.
  void store(Scalar row, Scalar column, llvm::ArrayRef<Scalar> values);

private:
  Scalar largestOfBlock(Scalar largest, int64_t threads, mlir::Value shared);
  Scalar codeOf(Scalar value);

  KernelFunction &function;
  PtxBuilder &b;
  Scheme scheme;
  mlir::Value result, scales, given;
  Scalar scale;               ///< what a code is multiplied by
  Scalar divisor, multiplier; ///< of a value on the way to its code; either may be absent
};

} // namespace qopt::ptx

#endif // QOPT_LOWERING_GPU_ROWQUANTIZER_H
