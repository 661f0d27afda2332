//===- PeakMemory.cpp - the most memory this process had ------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/PeakMemory.h"

#include <fstream>
#include <string>

uint64_t qopt::peakMemoryBytes() {
  // Not getrusage: its maximum includes the program that started this one.
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (uint64_t kilobytes; word == "VmHWM:" && status >> kilobytes)
      return kilobytes * 1024;
  return 0;
}

void qopt::resetPeakMemory() { std::ofstream("/proc/self/clear_refs") << "5"; }
