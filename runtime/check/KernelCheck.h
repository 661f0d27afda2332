//===- KernelCheck.h - kernels of a device against the CPU's ----*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_CHECK_KERNELCHECK_H
#define QOPT_RUNTIME_CHECK_KERNELCHECK_H

#include "runtime/artifact/Artifact.h"
#include "runtime/device/Device.h"
#include <functional>

namespace qopt {

/// How far a result, or an appended cache, is from what the CPU computes. An element's error is
/// `|x - reference| / (|reference| + rms of the reference's)`, infinite where x is not finite, as
/// memory is that was never written.
struct ResultError {
  std::string what; ///< "result", "result 2", "keys", "values"; "ids", "log p" of scores
  double max = 0;
  double mean = 0;
  double limit = 0; ///< What rounding accounts for; beyond it `max` is a disagreement.
};

/// One kernel, or those that do one kernel's work, at one shape.
struct KernelCheckResult {
  std::string function; ///< "decode"
  std::string kernel;
  std::string location; ///< Of the first launch of it.
  StepShape shape;
  int64_t past;
  std::vector<ResultError> errors;

  bool agrees() const;
};

struct KernelCheckOptions {
  std::vector<StepShape> shapes = {{1, 1}, {7, 3}, {33, 8}};
  std::vector<int64_t> pasts = {0, 1, 127, 128, 470};
  uint64_t seed = 1;
};

/// Runs every kernel of `checked` and what computes the same on `reference`, both of the artifact,
/// on the same operands, freshly drawn for each shape, with its weights. Shapes beyond the model's
/// context are left out, pasts where nothing depends on them. `report` is called for each. Throws
/// an Error if the plan does not say what slots hold or the targets cannot be compared.
void checkKernels(const Artifact &artifact, Device &checked, Device &reference,
                  const KernelCheckOptions &options,
                  const std::function<void(const KernelCheckResult &)> &report);

} // namespace qopt

#endif // QOPT_RUNTIME_CHECK_KERNELCHECK_H
