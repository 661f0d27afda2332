//===- CudaFunction.h - a function of the plan on a GPU ---------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_DEVICE_CUDA_CUDAFUNCTION_H
#define QOPT_RUNTIME_DEVICE_CUDA_CUDAFUNCTION_H

#include "runtime/device/LaunchArguments.h"
#include "runtime/device/cuda/CudaModule.h"
#include "runtime/device/cuda/DeviceWeights.h"
#include <list>

namespace qopt {

/// Launches with their arguments in place. A shape that comes again is recorded as a graph and from
/// then on replayed, without updates: what changes from step to step lies in device memory. The
/// first run of all waits for each kernel, so that one that fails is named.
class CudaFunction : public DeviceFunction {
public:
  /// All must outlive it.
  CudaFunction(const CudaContext &context, const CudaModule &module, const DeviceWeights &weights,
               const PlanFunction &function, const Bindings &bindings);
  ~CudaFunction() override;

  void run(const StepShape &shape) override;

  /// Shapes that are recorded.
  size_t numGraphs() const;

private:
  enum class Mode : uint8_t { Waiting, Async, Recording };
  struct Launch {
    const PlanLaunch *plan;
    PlanKernelLaunch how;
    CUfunction kernel;
    size_t firstArgument; ///< In `arguments`.
  };
  /// A shape that was run before.
  struct Known {
    StepShape shape;
    CUgraphExec graph = nullptr;
  };

  void launch(const Launch &launch, const StepShape &shape);
  void launchAll(const StepShape &shape, Mode mode);
  CUgraphExec record(const StepShape &shape);
  void forget(const Known &known) const;

  const CudaContext &context;
  const PlanFunction &function;
  std::vector<Launch> launches;
  LaunchArguments arguments;
  std::list<Known> known; ///< The most recent first.
  bool overlaps;          ///< A kernel may begin before the one before it has ended.
  bool isFirst = true;
};

} // namespace qopt

#endif // QOPT_RUNTIME_DEVICE_CUDA_CUDAFUNCTION_H
