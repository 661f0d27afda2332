//===- CpuFunction.h - a function of the plan, ready to run -----*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_DEVICE_CPU_CPUFUNCTION_H
#define QOPT_RUNTIME_DEVICE_CPU_CPUFUNCTION_H

#include "runtime/artifact/Artifact.h"
#include "runtime/device/Device.h"
#include "runtime/device/cpu/KernelModule.h"
#include "runtime/device/cpu/ThreadPool.h"

namespace qopt {

/// Launches with their arguments in place. All workers walk the launches together, with a barrier
/// after each; work items of a launch are handed out in shrinking pieces.
class CpuFunction : public DeviceFunction {
public:
  /// `scratch` has one pointer for each worker, to as many bytes as any launch needs.
  CpuFunction(const Artifact &artifact, const PlanFunction &function, const Bindings &bindings,
              const KernelModule &module, ThreadPool &pool, std::span<void *const> scratch);

  void run(const StepShape &shape) override;

private:
  struct Launch {
    const PlanLaunch *plan;
    CpuKernel kernel;
    size_t firstArgument; ///< In `arguments`.
    int64_t items = 0;    ///< For the shape last run.
  };

  void setShape(const StepShape &newShape);
  void work(unsigned worker);

  ThreadPool &pool;
  std::span<void *const> scratch;
  ThreadPool::Task task;
  std::vector<Launch> launches;
  std::vector<uint64_t> arguments;   ///< Of all launches.
  std::vector<size_t> rowsArguments; ///< Where in `arguments` the shape goes.
  std::vector<size_t> sequencesArguments;
  StepShape shape{0, 0};
  alignas(64) std::atomic<int64_t> nextItem = 0; ///< Of the current launch.
};

} // namespace qopt

#endif // QOPT_RUNTIME_DEVICE_CPU_CPUFUNCTION_H
