//===- Counters.h - how well memory accesses of a warp fit the hardware -*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_EXEC_COUNTERS_H
#define QOPT_RUNTIME_EMULATOR_EXEC_COUNTERS_H

#include "runtime/emulator/exec/SharedMemory.h"
#include "runtime/emulator/exec/Statistics.h"

namespace qopt::emulator {

/// Adds one request to global memory, of `size` bytes in each lane of `mask`. `isStore` or load.
void countGlobal(Statistics &statistics, const Addresses &addresses, LaneMask mask, unsigned size,
                 bool isStore);

/// Adds one request to shared memory: 32 banks of 4 bytes; 8 bytes a lane are served in two halves
/// of the warp, 16 bytes in four quarters; threads that use the same word share its cycle.
void countShared(Statistics &statistics, const Addresses &offsets, LaneMask mask, unsigned size);

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_EXEC_COUNTERS_H
