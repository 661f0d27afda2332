//===- Work.h - what streams and graphs do ----------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_DRIVER_WORK_H
#define QOPT_RUNTIME_EMULATOR_DRIVER_WORK_H

#include "runtime/emulator/exec/Launch.h"
#include <variant>

struct CUevent_st;
struct CUstream_st;

namespace qopt::emulator {

/// A launch with copies of its arguments.
struct LaunchWork {
  std::shared_ptr<const Program> program;
  Extent grid, block;
  uint32_t dynamicShared;
  std::vector<std::byte> parameters;
  std::string location;  ///< of the op that it belongs to
  bool overlaps = false; ///< Launch::overlaps
};

/// A device address, or one of the host.
struct Place {
  uint64_t address;
  bool isOnDevice;
};

struct CopyWork {
  Place to, from;
  size_t bytes;
};

/// `pattern` of 1, 2 or 4 bytes, `count` times.
struct FillWork {
  uint64_t to;
  uint32_t pattern;
  unsigned patternBytes;
  size_t count;
};

struct RecordWork {
  CUevent_st *event;
};

using Work = std::variant<LaunchWork, CopyWork, FillWork, RecordWork>;

/// A recording of work, from cuStreamBeginCapture on.
struct Capture {
  std::vector<Work> works;
  CUstream_st *origin = nullptr; ///< where it began and is to end
  bool isInvalid = false;
};

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_DRIVER_WORK_H
