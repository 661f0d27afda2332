//===- Launch.h - running a kernel over a grid ------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_EXEC_LAUNCH_H
#define QOPT_RUNTIME_EMULATOR_EXEC_LAUNCH_H

#include "runtime/emulator/exec/DeviceMemory.h"
#include "runtime/emulator/exec/Fault.h"
#include "runtime/emulator/exec/Statistics.h"
#include "runtime/emulator/program/Program.h"
#include <array>
#include <memory>
#include <span>

namespace qopt::emulator {

class Workers;

using Extent = std::array<uint32_t, 3>; ///< x, y, z

/// One launch of a kernel.
struct Launch {
  const Program &program;
  Extent grid, block;
  uint32_t dynamicShared;                ///< bytes
  std::span<const std::byte> parameters; ///< program.parameterBytes, laid out as program.parameters
  const DeviceMemory &memory;
  /// Count requests, sectors and bank conflicts, too; costs some time.
  bool countAccesses = false;
  /// Instructions of one warp after which a block is taken to be in an endless loop.
  uint64_t instructionLimit = uint64_t(1) << 32;
  /// Run only the first blocks of the grid, x fastest.
  uint64_t maxBlocks = UINT64_MAX;
  /// It may begin before kernels before it have ended: every thread must execute
  /// griddepcontrol.wait, before it touches what kernels write.
  bool overlaps = false;
  /// The op that the launch belongs to, for messages; may be empty.
  std::string_view location = {};

  uint32_t threads() const { return block[0] * block[1] * block[2]; }
  uint32_t sharedBytes() const {
    return dynamicShared == 0 ? program.staticShared : program.dynamicShared + dynamicShared;
  }
};

/// Runs the blocks of launches on all cores, one block on one core.
class Launcher {
public:
  /// On `threads` cores; 0 takes all that the process may use.
  explicit Launcher(unsigned threads = 0);
  ~Launcher();

  /// Returns when all blocks have ended. Throws a LaunchError at the first fault; blocks that did
  /// not begin are not run then. Grid, block and shared memory must be within the device's limits.
  Statistics run(const Launch &launch);

private:
  const unsigned threads;
  std::unique_ptr<Workers> workers; ///< made for the first launch with several blocks
};

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_EXEC_LAUNCH_H
