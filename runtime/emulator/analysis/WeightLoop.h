//===- WeightLoop.h - the loop in which a kernel reads weights --*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_ANALYSIS_WEIGHTLOOP_H
#define QOPT_RUNTIME_EMULATOR_ANALYSIS_WEIGHTLOOP_H

#include "runtime/emulator/ptx/Syntax.h"
#include <optional>
#include <span>

namespace qopt::emulator {

/// What one thread does in one iteration, if it takes every way through it.
struct WeightLoop {
  bool isLoop = false; ///< false: weights are read outside of loops, and this is all
  uint64_t instructions = 0;
  uint64_t weightBytes = 0; ///< loaded and copied from weights
  uint64_t globalBytes = 0; ///< the same from all global memory
  uint64_t matrixInstructions = 0;
};

/// The innermost loop that reads most of the weights, to which the kernel's parameters with these
/// indices point. Nothing if none is read by loads or cp.async.
std::optional<WeightLoop> findWeightLoop(const ptx::Function &kernel,
                                         std::span<const size_t> weightParameters);

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_ANALYSIS_WEIGHTLOOP_H
