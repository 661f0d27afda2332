//===- CudaModule.h - the kernels of an artifact on a GPU -------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_DEVICE_CUDA_CUDAMODULE_H
#define QOPT_RUNTIME_DEVICE_CUDA_CUDAMODULE_H

#include "runtime/artifact/Artifact.h"
#include "runtime/device/cuda/CudaContext.h"

namespace qopt {

/// Whether code for a chip ("sm_80", "sm_90a") runs on a GPU: PTX on later ones too, unless it is
/// specific to its chip (a, f); machine code within the same major version.
bool runsOn(const std::string &chip, bool isMachineCode, ComputeCapability capability);

/// The module of a target that fits the GPU best: PTX, compiled by the driver, or machine code
/// (*.cubin).
class CudaModule {
public:
  /// Loads the latest module that the GPU and the driver can run. Throws an Error that says of each
  /// why not, with the driver compiler's words.
  CudaModule(const CudaContext &context, const Artifact &artifact, const PlanTarget &target);
  ~CudaModule();
  CudaModule(const CudaModule &) = delete;
  CudaModule &operator=(const CudaModule &) = delete;

  /// The kernel of a launch, allowed as much shared memory. Throws an Error naming it if there is
  /// none, or no such shared memory.
  CUfunction kernel(const PlanLaunch &launch) const;
  /// How the kernel of a launch is launched.
  PlanKernelLaunch launchOf(const PlanLaunch &launch) const { return chosen->launchOf(launch); }
  /// Whether its kernels may begin before those before them have ended.
  bool overlaps() const {
    return chosen->programmaticLaunch && context.driver().hasProgrammaticLaunch();
  }
  /// The chip that the module is for.
  const std::string &chip() const { return chosen->level; }
  /// What was made for the GPU but could not be loaded, and why: "; FILE: ..." for each.
  const std::string &passedOver() const { return unloaded; }

private:
  /// Nothing, or why not.
  std::string load(const std::string &path);

  const CudaContext &context;
  std::string path;
  std::string unloaded;
  const PlanModule *chosen = nullptr;
  CUmodule module = nullptr;
};

/// "kernel 'matmul_512x256_bf16' (kernel.matmul at model.layers.0.mlp.down_proj)".
std::string describe(const PlanLaunch &launch);

} // namespace qopt

#endif // QOPT_RUNTIME_DEVICE_CUDA_CUDAMODULE_H
