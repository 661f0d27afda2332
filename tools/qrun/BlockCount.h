//===- BlockCount.h - what the first block of a launch does -----*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_BLOCKCOUNT_H
#define QOPT_TOOLS_QRUN_BLOCKCOUNT_H

#include "runtime/artifact/Artifact.h"
#include "runtime/emulator/LoadedModule.h"
#include "runtime/emulator/exec/Statistics.h"

namespace qopt {

/// Counters of the first block of a launch, made as `how` says, emulated on zeros: weights,
/// activations and tables are zero; each sequence has `kCountedPast` tokens in the cache, all in
/// its first pages. Throws an Error if the launch does not fit the kernel, or the block does not
/// run so.
emulator::Statistics countFirstBlock(const Artifact &artifact, const PlanFunction &function,
                                     const PlanLaunch &launch, const PlanKernelLaunch &how,
                                     const emulator::Program &program,
                                     emulator::DeviceMemory &memory, const StepShape &shape);

constexpr int64_t kCountedPast = 127;

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_BLOCKCOUNT_H
