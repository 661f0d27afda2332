//===- Statistics.h - what a launch did, counted ----------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_EXEC_STATISTICS_H
#define QOPT_RUNTIME_EMULATOR_EXEC_STATISTICS_H

#include <cstdint>

namespace qopt::emulator {

/// Counters of one launch. Bytes are those that threads ask for.
struct Statistics {
  uint64_t threadInstructions = 0; ///< each PTX instruction in each lane that executes it
  uint64_t warpInstructions = 0;
  uint64_t globalBytesLoaded = 0; ///< including those that cp.async copies
  uint64_t globalBytesStored = 0; ///< including atomic operations
  uint64_t globalBytes128 = 0;    ///< of both, those in accesses of 16 bytes
  uint64_t globalRequests = 0;    ///< instructions of warps
  uint64_t globalSectors = 0;     ///< 32-byte sectors that the requests touch
  uint64_t sharedRequests = 0;    ///< instructions of warps
  uint64_t sharedWavefronts = 0; ///< cycles that banks are busy; requests of 16 bytes a lane take 4
  uint64_t bankConflicts = 0;    ///< wavefronts beyond the fewest that the requests could take
  uint64_t matrixInstructions = 0; ///< mma of warps
  uint64_t barriers = 0;           ///< of blocks

  Statistics &operator+=(const Statistics &other);
};

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_EXEC_STATISTICS_H
