//===- Occupancy.h - blocks that a multiprocessor can hold ------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_ANALYSIS_OCCUPANCY_H
#define QOPT_RUNTIME_EMULATOR_ANALYSIS_OCCUPANCY_H

#include <cstdint>
#include <optional>
#include <string_view>

namespace qopt::emulator {

/// What one block needs.
struct BlockResources {
  uint32_t threads = 0;
  std::optional<uint32_t> registers; ///< of a thread; unknown: any number
  uint32_t sharedBytes = 0;          ///< static and dynamic
};

/// The share of a multiprocessor's warps that can be resident, by the limits of threads, blocks,
/// registers and shared memory that the CUDA C++ Programming Guide lists for each compute
/// capability, and the granules of NVIDIA's occupancy calculator. `chip` is "sm_80", "sm_90" or
/// "sm_90a"; nothing for others.
std::optional<double> occupancyBound(std::string_view chip, const BlockResources &block);

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_ANALYSIS_OCCUPANCY_H
