//===- Driver.cpp - the state behind the CUDA driver API ------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/Driver.h"

#include <chrono>
#include <cstring>
#include <unistd.h>

using namespace qopt;
using namespace qopt::emulator;

thread_local CUcontext Driver::current = nullptr;
thread_local std::string Driver::lastMessage;
thread_local CUresult Driver::lastResult = CUDA_SUCCESS;
thread_local std::map<CUresult, std::string> Driver::texts;
thread_local std::string Driver::location;

/// Half of what the machine has: the other half is the host's.
static uint64_t defaultCapacity() {
  return uint64_t(sysconf(_SC_PHYS_PAGES)) * uint64_t(sysconf(_SC_PAGESIZE)) / 2;
}

Driver::Driver() : memory(defaultCapacity()) {}

/// Never destroyed: other threads and destructors of static objects may still call.
Driver &Driver::get() {
  static Driver *driver = new Driver;
  return *driver;
}

CUresult Driver::finish(CUresult result, const char *message) {
  lastResult = result;
  lastMessage = message;
  return result;
}

CUstream_st &Driver::stream(CUstream handle) {
  // The default streams have the numbers 0, 1 and 2.
  return reinterpret_cast<uintptr_t>(handle) <= 2 ? nullStream : streams.get(handle);
}

void Driver::submit(CUstream handle, Work work) {
  CUstream_st &where = stream(handle);
  if (!where.capture)
    return execute(work);
  if (where.capture->isInvalid)
    apiFail(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, "the capture has failed");
  where.capture->works.push_back(std::move(work));
}

void Driver::refuseDuringCapture() {
  for (Capture *capture : captures)
    capture->isInvalid = true;
  if (!captures.empty())
    apiFail(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED,
            "the call waits or allocates while a stream captures");
}

std::byte *Driver::translate(CUdeviceptr address, size_t bytes) {
  const Allocation *found = memory.find(address, bytes);
  if (!found)
    apiFail(CUDA_ERROR_INVALID_VALUE, "{} bytes at {:#x}, {}", bytes, address,
            memory.describe(address));
  return found->host + (address - found->begin);
}

namespace {

struct Executor {
  Driver &driver;

  void operator()(const LaunchWork &work) const {
    Launch launch = {*work.program,   work.grid,     work.block,          work.dynamicShared,
                     work.parameters, driver.memory, driver.countAccesses};
    launch.location = work.location;
    launch.overlaps = work.overlaps;
    driver.lastStatistics = driver.launcher.run(launch);
    driver.allStatistics += driver.lastStatistics;
    auto &kernel = driver.kernelStatistics[std::string(work.program->kernel->name)];
    ++kernel.launches;
    kernel.sum += driver.lastStatistics;
  }
  void operator()(const CopyWork &work) const {
    memmove(locate(work.to, work.bytes), locate(work.from, work.bytes), work.bytes);
  }
  void operator()(const FillWork &work) const {
    std::byte *to = driver.translate(work.to, work.count * work.patternBytes);
    for (size_t i = 0; i < work.count; ++i)
      memcpy(to + i * work.patternBytes, &work.pattern, work.patternBytes);
  }
  void operator()(const RecordWork &work) const {
    CUevent_st &event = driver.events.get(work.event);
    auto now = std::chrono::steady_clock::now().time_since_epoch();
    event.milliseconds = std::chrono::duration<double, std::milli>(now).count();
    event.isRecorded = true;
  }

  std::byte *locate(const Place &place, size_t bytes) const {
    return place.isOnDevice ? driver.translate(place.address, bytes)
                            : reinterpret_cast<std::byte *>(place.address);
  }
};

} // namespace

void Driver::execute(const Work &work) { std::visit(Executor{*this}, work); }
