//===- DeviceWeights.h - the weights of an artifact on a GPU ----*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_DEVICE_CUDA_DEVICEWEIGHTS_H
#define QOPT_RUNTIME_DEVICE_CUDA_DEVICEWEIGHTS_H

#include "runtime/device/cuda/Staging.h"
#include "runtime/device/cuda/WeightLayout.h"
#include <functional>
#include <map>
#include <tuple>

namespace qopt {

/// What PTX kernels read of an artifact's weights, each once, in the form that they take it in.
class DeviceWeights {
public:
  /// Called now and then with bytes uploaded so far and of all.
  using Progress = std::function<void(uint64_t, uint64_t)>;

  /// Uploads what the functions of `target` read, repacked by `threads` threads. Throws an Error
  /// naming the weight if a kernel cannot take it, and if memory is lacking.
  DeviceWeights(const CudaContext &context, const Artifact &artifact, const PlanTarget &target,
                Staging &staging, unsigned threads, const Progress &progress);

  /// Of an argument of some launch of the target.
  uint64_t address(const WeightArgument &argument) const;
  /// Bytes that a kernel with this argument can read.
  uint64_t bytes(const WeightArgument &argument) const;

private:
  /// Arguments that one upload serves. A table that is the head's weight, too, differs only in the
  /// number of columns.
  using Key = std::tuple<size_t, WeightForm, int64_t>;
  static Key keyOf(const WeightArgument &argument);

  std::map<Key, CudaMemory> memory;
};

} // namespace qopt

#endif // QOPT_RUNTIME_DEVICE_CUDA_DEVICEWEIGHTS_H
