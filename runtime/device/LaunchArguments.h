//===- LaunchArguments.h - arguments of launches as words -------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_DEVICE_LAUNCHARGUMENTS_H
#define QOPT_RUNTIME_DEVICE_LAUNCHARGUMENTS_H

#include "runtime/device/Device.h"
#include <functional>

namespace qopt {

/// The arguments of a function's launches, 64-bit words that kernels take: addresses, which are
/// bound once, and integers, some of which follow the shape of a step.
class LaunchArguments {
public:
  using WeightAddress = std::function<uint64_t(const WeightArgument &)>;

  /// Appends the arguments of a launch; returns the index of the first.
  size_t append(const PlanLaunch &launch, const Bindings &bindings,
                const WeightAddress &weightAddress);

  void setShape(const StepShape &shape);

  /// Valid until the next append.
  uint64_t *at(size_t index) { return words.data() + index; }

private:
  uint64_t resolve(const PlanArgument &argument, const Bindings &bindings,
                   const WeightAddress &weightAddress);

  std::vector<uint64_t> words;
  std::vector<size_t> rowsIndices;      ///< Which words are the number of rows,
  std::vector<size_t> sequencesIndices; ///< and which that of sequences.
};

} // namespace qopt

#endif // QOPT_RUNTIME_DEVICE_LAUNCHARGUMENTS_H
