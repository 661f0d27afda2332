//===- CpuFunction.h - a function of the plan, ready to run -----*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_DEVICE_CPU_CPUFUNCTION_H
#define QOPT_RUNTIME_DEVICE_CPU_CPUFUNCTION_H

#include "runtime/artifact/Artifact.h"
#include "runtime/device/LaunchArguments.h"
#include "runtime/device/cpu/KernelModule.h"
#include "runtime/device/cpu/ThreadPool.h"

namespace qopt {

/// Launches with their arguments in place. Each is a stage, whose work items are handed out in
/// shrinking pieces.
class CpuFunction : public DeviceFunction, private StagedTask {
public:
  /// `scratch` has one pointer for each worker, to as many bytes as any launch needs.
  CpuFunction(const Artifact &artifact, const PlanFunction &function, const Bindings &bindings,
              const KernelModule &module, ThreadPool &pool, std::span<void *const> scratch);

  void run(const StepShape &shape) override;

private:
  struct Launch {
    const PlanLaunch *plan;
    CpuKernel kernel;         ///< Null for an observation, which is one piece.
    size_t firstArgument;     ///< In `arguments`.
    size_t firstBoundary = 0; ///< In `boundaries`.
    uint32_t pieces = 0;
  };

  void setShape(const StepShape &newShape);
  void cutIntoPieces(Launch &launch);
  void observe(const Launch &launch);

  uint32_t numStages() const override { return uint32_t(launches.size()); }
  uint32_t numPieces(uint32_t stage) const override { return launches[stage].pieces; }
  void runPiece(uint32_t stage, uint32_t piece, unsigned worker) override;

  ThreadPool &pool;
  std::span<void *const> scratch;
  ActivationObserver *observer;
  std::vector<Launch> launches;
  LaunchArguments arguments;
  StepShape shape{0, 0};           ///< What arguments and pieces are for.
  std::vector<int64_t> boundaries; ///< Work items where the pieces of each launch begin.
};

} // namespace qopt

#endif // QOPT_RUNTIME_DEVICE_CPU_CPUFUNCTION_H
