//===- Emulator.h - functions beyond CUDA's ---------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_DRIVER_EMULATOR_H
#define QOPT_RUNTIME_EMULATOR_DRIVER_EMULATOR_H

#include <cstdint>

// Exported by libqopt_cuda_emu.so beside the CUDA driver API, for programs that know that they run
// on the emulator. Found with dlsym; on a real driver they are absent.
extern "C" {

/// Counters of launches; see runtime/emulator/exec/Statistics.h for their meaning.
typedef struct QoptEmulatorStatistics_st {
  uint64_t threadInstructions, warpInstructions;
  uint64_t globalBytesLoaded, globalBytesStored, globalBytes128;
  uint64_t globalRequests, globalSectors;
  uint64_t sharedRequests, sharedWavefronts, bankConflicts;
  uint64_t matrixInstructions, barriers;
} QoptEmulatorStatistics;

/// Counts requests, sectors and bank conflicts from now on (1) or not (0), which is faster.
void qoptEmulatorCountAccesses(int enable);
/// Of the last launch, and the sum over all since the start or the last reset.
void qoptEmulatorLastStatistics(QoptEmulatorStatistics *statistics);
void qoptEmulatorAllStatistics(QoptEmulatorStatistics *statistics);
void qoptEmulatorResetStatistics();
/// The sum over the launches of a kernel since then. Returns how many there were.
uint64_t qoptEmulatorKernelStatistics(const char *kernel, QoptEmulatorStatistics *statistics);

/// The op that launches of this thread belong to from now on, also those that are recorded for a
/// graph; messages about faults name it. Empty or null: none.
void qoptEmulatorSetLocation(const char *location);

/// The message of the last call of this thread that failed; empty if none did.
const char *qoptEmulatorLastMessage();

/// Bytes of device memory. What is allocated stays.
void qoptEmulatorSetMemory(uint64_t bytes);
/// 9.0 by default: code for later GPUs is refused.
void qoptEmulatorSetComputeCapability(int major, int minor);
}

#endif // QOPT_RUNTIME_EMULATOR_DRIVER_EMULATOR_H
