//===- PeakMemory.cpp - the most memory this process had ------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/PeakMemory.h"

#include <fstream>
#include <string>

static uint64_t statusBytes(std::string_view name) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (uint64_t kilobytes; word == name && status >> kilobytes)
      return kilobytes * 1024;
  return 0;
}

// Not getrusage: its maximum includes the program that started this one.
uint64_t qopt::peakMemoryBytes() { return statusBytes("VmHWM:"); }
uint64_t qopt::residentMemoryBytes() { return statusBytes("VmRSS:"); }

void qopt::resetPeakMemory() { std::ofstream("/proc/self/clear_refs") << "5"; }
