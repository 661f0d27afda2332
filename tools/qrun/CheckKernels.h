//===- CheckKernels.h - qrun check on a device ------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_CHECKKERNELS_H
#define QOPT_TOOLS_QRUN_CHECKKERNELS_H

#include "runtime/check/KernelCheck.h"
#include "tools/qrun/Model.h"

namespace qopt {

struct DeviceCheckOptions {
  std::string artifact;
  ModelOptions model;
  KernelCheckOptions kernels;
  std::string textFile; ///< To compare the whole model's predictions on; empty: none.
  int64_t textTokens = 512;
  double maxDivergence = 3e-5; ///< What a model in bf16 with f32 sums stays within.
  double maxLogitError = 0.2;
  bool json = false;
};

/// Compares the kernels of a device with those of the CPU, and, over a text, the model's
/// predictions; prints tables or one JSON object. Returns whether all agree. Throws Error.
bool runDeviceCheck(const DeviceCheckOptions &options);

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_CHECKKERNELS_H
