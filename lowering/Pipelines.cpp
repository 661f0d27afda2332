//===- Pipelines.cpp - from a model to its kernels ------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/Pipelines.h"
#include "lowering/artifact/Passes.h"
#include "lowering/cpu/Passes.h"
#include "lowering/gpu/Passes.h"
#include "lowering/kernels/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "passes/Passes.h"
#include "passes/Pipelines.h"
#include "passes/cache/Passes.h"
#include "passes/quantization/Passes.h"

using namespace mlir;
using namespace qopt;

void qopt::buildDefaultPipeline(OpPassManager &passes, const DefaultPipelineOptions &options) {
  bool hasCpu = llvm::is_contained(options.targets, "cpu");
  bool hasPtx = llvm::is_contained(options.targets, "ptx");

  passes.addPass(createDeferKeyRope());
  passes.addPass(createFoldQuantization());
  passes.addPass(createFormQuantizedLinears());
  passes.addPass(
      createRequireKernels({llvm::to_vector(options.targets), options.allowDequantizedFallback}));
  // What a GPU is given is made of the same panels, which its uploads read plainly.
  buildModelPipeline(passes, /*compact=*/!hasPtx);
  for (const std::string &target : options.targets)
    passes.addPass(createConvertLlmToKernel({.target = target, .operandType = ""}));
  if (hasPtx)
    passes.addPass(createAddScore());
  passes.addNestedPass<func::FuncOp>(createFuseRopeAppend());
  passes.addNestedPass<func::FuncOp>(createFuseEpilogues());
  passes.addNestedPass<func::FuncOp>(createFuseResidualNorm());
  passes.addNestedPass<func::FuncOp>(createFuseQuantize());
  if (hasCpu)
    passes.addPass(createConfigureCpuKernels({options.cpuTuning}));
  if (hasPtx) {
    passes.addNestedPass<func::FuncOp>(createFuseDecodeAttention());
    passes.addNestedPass<func::FuncOp>(createConfigurePtxKernels({options.ptxTuning}));
  }
  passes.addPass(createNameKernels());
  passes.addNestedPass<func::FuncOp>(createPlanBuffers());
  passes.addPass(createPruneParams());

  if (hasCpu)
    for (const std::string &level : options.cpuLevels)
      passes.addPass(createEmitCpuKernels({level}));
  if (hasPtx) {
    for (const std::string &chip : options.chips)
      passes.addPass(createEmitPtxKernels({chip}));
    passes.addPass(createOverlapLaunches());
    if (options.ptxas != "off")
      passes.addPass(createAssemblePtx({options.ptxas}));
  }
  if (!options.artifact.empty())
    passes.addPass(createWriteArtifact({options.artifact}));
}

void qopt::registerLowering() {
  registerKernelsPasses();
  registerCpuPasses();
  registerGpuPasses();
  registerArtifactPasses();
  PassPipelineRegistration<DefaultPipelineOptions>(
      "default-pipeline", "From an imported model to emitted kernels and the artifact",
      buildDefaultPipeline);
}
