//===- Emulator.cpp - functions beyond CUDA's -----------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/Emulator.h"

#include "runtime/emulator/driver/Driver.h"

using namespace qopt;
using namespace qopt::emulator;

#define QOPT_EXPORT extern "C" __attribute__((visibility("default")))

static QoptEmulatorStatistics toC(const Statistics &s) {
  return {s.threadInstructions, s.warpInstructions, s.globalBytesLoaded,  s.globalBytesStored,
          s.globalBytes128,     s.globalRequests,   s.globalSectors,      s.sharedRequests,
          s.sharedWavefronts,   s.bankConflicts,    s.matrixInstructions, s.barriers};
}

QOPT_EXPORT void qoptEmulatorCountAccesses(int enable) {
  Driver &driver = Driver::get();
  std::lock_guard lock(driver.mutex);
  driver.countAccesses = enable != 0;
}

QOPT_EXPORT void qoptEmulatorLastStatistics(QoptEmulatorStatistics *statistics) {
  Driver &driver = Driver::get();
  std::lock_guard lock(driver.mutex);
  *statistics = toC(driver.lastStatistics);
}

QOPT_EXPORT void qoptEmulatorAllStatistics(QoptEmulatorStatistics *statistics) {
  Driver &driver = Driver::get();
  std::lock_guard lock(driver.mutex);
  *statistics = toC(driver.allStatistics);
}

QOPT_EXPORT void qoptEmulatorResetStatistics() {
  Driver &driver = Driver::get();
  std::lock_guard lock(driver.mutex);
  driver.allStatistics = {};
  driver.kernelStatistics.clear();
}

QOPT_EXPORT uint64_t qoptEmulatorKernelStatistics(const char *kernel,
                                                  QoptEmulatorStatistics *statistics) {
  Driver &driver = Driver::get();
  std::lock_guard lock(driver.mutex);
  auto found = driver.kernelStatistics.find(std::string_view(kernel));
  bool wasLaunched = found != driver.kernelStatistics.end();
  *statistics = wasLaunched ? toC(found->second.sum) : QoptEmulatorStatistics();
  return wasLaunched ? found->second.launches : 0;
}

QOPT_EXPORT void qoptEmulatorSetLocation(const char *location) {
  Driver::location = location ? location : "";
}

QOPT_EXPORT const char *qoptEmulatorLastMessage() { return Driver::lastMessage.c_str(); }

QOPT_EXPORT void qoptEmulatorSetMemory(uint64_t bytes) {
  Driver &driver = Driver::get();
  std::lock_guard lock(driver.mutex);
  driver.memory.setCapacity(bytes);
}

QOPT_EXPORT void qoptEmulatorSetComputeCapability(int major, int minor) {
  Driver &driver = Driver::get();
  std::lock_guard lock(driver.mutex);
  driver.capabilityMajor = major;
  driver.capabilityMinor = minor;
}
