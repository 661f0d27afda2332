//===- Pipelines.h - from a model to its kernels ----------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_PIPELINES_H
#define QOPT_LOWERING_PIPELINES_H

#include "mlir/Pass/PassOptions.h"

namespace qopt {

struct DefaultPipelineOptions : mlir::PassPipelineOptions<DefaultPipelineOptions> {
  ListOption<std::string> targets{*this, "targets", llvm::cl::desc("cpu, ptx or both"),
                                  llvm::cl::list_init<std::string>({"cpu", "ptx"})};
  ListOption<std::string> cpuLevels{
      *this, "cpu-levels",
      llvm::cl::desc("Instruction sets: avx512, avx2; host: the best of this machine alone"),
      llvm::cl::list_init<std::string>({"avx512", "avx2"})};
  ListOption<std::string> chips{*this, "chips", llvm::cl::desc("GPUs: sm_80 and later"),
                                llvm::cl::list_init<std::string>({"sm_80", "sm_90a"})};
  Option<std::string> cpuTuning{*this, "cpu-tuning",
                                llvm::cl::desc("Rules for configure-cpu-kernels")};
  Option<std::string> ptxTuning{*this, "ptx-tuning",
                                llvm::cl::desc("Rules for configure-ptx-kernels")};
  Option<std::string> ptxas{
      *this, "ptxas",
      llvm::cl::desc("Machine code beside PTX: off, auto, or the ptxas that makes it"),
      llvm::cl::init("off")};
  Option<bool> allowDequantizedFallback{
      *this, "allow-dequantized-fallback",
      llvm::cl::desc("Store dequantized weights where a target has no kernel for codes")};
  Option<std::string> artifact{*this, "artifact",
                               llvm::cl::desc("Write the artifact to this directory (*.qmod)")};
};

/// Everything from an imported model to emitted modules and, where `artifact` is set, the artifact.
/// Steps that the module has been through already leave it as it is.
void buildDefaultPipeline(mlir::OpPassManager &passes, const DefaultPipelineOptions &options);

/// Registers the passes of `lowering` and `--default-pipeline`.
void registerLowering();

} // namespace qopt

#endif // QOPT_LOWERING_PIPELINES_H
