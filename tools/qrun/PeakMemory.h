//===- PeakMemory.h - the most memory this process had ----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_PEAKMEMORY_H
#define QOPT_TOOLS_QRUN_PEAKMEMORY_H

#include <cstdint>

namespace qopt {

/// Bytes of resident memory at their peak, touched pages of mapped files included.
uint64_t peakMemoryBytes();

/// Those now.
uint64_t residentMemoryBytes();

/// Forgets the peak so far, where the system allows it.
void resetPeakMemory();

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_PEAKMEMORY_H
