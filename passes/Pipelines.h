//===- Pipelines.h - pipelines of graph passes ------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_PASSES_PIPELINES_H
#define QOPT_PASSES_PIPELINES_H

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace qopt {

/// What every model goes through before its kernels are formed: fuse-projections,
/// specialize, pack-weights, `compact` (for CPUs alone) or not. Does nothing to a model that has
/// been through it.
void buildModelPipeline(mlir::OpPassManager &passes, bool compact);

/// Registers the passes of this folder and `--prepare-model`, the pipeline above.
void registerModelPasses();

} // namespace qopt

#endif // QOPT_PASSES_PIPELINES_H
