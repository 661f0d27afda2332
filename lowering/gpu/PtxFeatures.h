//===- PtxFeatures.h - which chip runs what ---------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_GPU_PTXFEATURES_H
#define QOPT_LOWERING_GPU_PTXFEATURES_H

#include "mlir/IR/Operation.h"

namespace qopt::ptx {

/// A chip that kernels can be compiled for, and the lowest PTX version that knows it.
struct Chip {
  llvm::StringRef name;
  unsigned generation; ///< 80 for sm_80
  unsigned ptxVersion;
};

/// The first generation whose kernels may begin before those before them have ended.
inline constexpr unsigned kOverlapGeneration = 90;

/// The chip called `name`; null, with a diagnostic at `loc`, where it is unknown or older than
/// sm_80.
const Chip *findChip(llvm::StringRef name, mlir::Location loc);

/// The lowest PTX version with which every instruction under `root` can be selected for `chip`.
/// Fails with a diagnostic on an instruction that the chip lacks or whose needs are not known: LLVM
/// aborts on those.
mlir::FailureOr<unsigned> requiredPtxVersion(mlir::Operation *root, const Chip &chip);

} // namespace qopt::ptx

#endif // QOPT_LOWERING_GPU_PTXFEATURES_H
