//===- Pipelines.cpp - pipelines of graph passes --------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Pipelines.h"
#include "mlir/Pass/PassManager.h"
#include "passes/Passes.h"

void qopt::buildModelPipeline(mlir::OpPassManager &passes, bool compact) {
  passes.addPass(createFuseProjections());
  passes.addPass(createSpecialize());
  passes.addPass(createPackWeights({compact}));
}

void qopt::registerModelPasses() {
  registerModelGraphPasses();
  mlir::PassPipelineRegistration<> pipeline(
      "prepare-model", "What every model goes through before its kernels are formed",
      [](mlir::OpPassManager &passes) { buildModelPipeline(passes, /*compact=*/false); });
}
