//===- KernelBench.h - kernels one by one -----------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_KERNELBENCH_H
#define QOPT_TOOLS_QRUN_KERNELBENCH_H

#include "runtime/artifact/Artifact.h"
#include "runtime/device/Device.h"
#include "tools/qrun/BenchReport.h"

namespace qopt {

struct KernelBenchOptions {
  int64_t promptTokens; ///< Rows of kernels that take any number of them.
  int64_t past;         ///< Tokens in the cache, of one sequence.
};

/// Times each kernel of each function: all its launches in a row, so that the weights of one are
/// not what a cache still has of the last. Throws Error.
std::vector<KernelBenchResult> benchKernels(const Artifact &artifact, Device &device,
                                            const KernelBenchOptions &options);

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_KERNELBENCH_H
