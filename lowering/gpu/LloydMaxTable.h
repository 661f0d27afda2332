//===- LloydMaxTable.h - optimal points as constants ------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_GPU_LLOYDMAXTABLE_H
#define QOPT_LOWERING_GPU_LLOYDMAXTABLE_H

#include "lowering/gpu/PtxBuilder.h"

namespace qopt::ptx {

/// The optimal points of a unit Gaussian (runtime/quantization/LloydMax.h), in the order of codes,
/// and the borders between the positive ones, as constants of the module in global memory.
class LloydMaxTable {
public:
  LloydMaxTable(PtxBuilder &b, int64_t bits) : b(b), bits(bits) {}

  /// What a code (i32) stands for.
  Scalar point(Scalar code) const;
  /// The code of the nearest point; of the smaller where two are as near.
  Scalar nearest(Scalar x) const;

private:
  mlir::Value constant(llvm::StringRef kind, llvm::ArrayRef<float> entries) const;

  PtxBuilder &b;
  int64_t bits;
};

} // namespace qopt::ptx

#endif // QOPT_LOWERING_GPU_LLOYDMAXTABLE_H
