//===- KernelRun.h - runs PTX in tests --------------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TEST_UNIT_EMULATOR_KERNELRUN_H
#define QOPT_TEST_UNIT_EMULATOR_KERNELRUN_H

#include "runtime/emulator/LoadedModule.h"
#include "runtime/emulator/exec/Launch.h"
#include <cstring>
#include <span>
#include <string>
#include <vector>

namespace qopt::emulator {

/// Device memory with modules and buffers, and one-line launches.
class KernelRun {
public:
  /// `ptx` may lack `.version` and so on: `header` is put before it then.
  explicit KernelRun(const std::string &ptx, unsigned threads = 1);

  template <typename T> uint64_t upload(const std::vector<T> &values) {
    uint64_t address = memory.allocate(values.size() * sizeof(T));
    memcpy(host(address), values.data(), values.size() * sizeof(T));
    return address;
  }
  template <typename T> std::vector<T> download(uint64_t address, size_t count) {
    std::vector<T> values(count);
    memcpy(values.data(), host(address), count * sizeof(T));
    return values;
  }

  /// Arguments are all of 64 bits.
  Statistics launch(std::string_view kernel, Extent grid, Extent block,
                    const std::vector<uint64_t> &arguments, uint32_t dynamicShared = 0);
  /// The message of the LaunchError that the launch ends with; empty if it ends well.
  std::string launchError(std::string_view kernel, Extent grid, Extent block,
                          const std::vector<uint64_t> &arguments, uint32_t dynamicShared = 0);

  DeviceMemory memory;
  LoadedModule module;
  bool countAccesses = true;
  bool overlaps = false; ///< Launch::overlaps
  uint64_t instructionLimit = 1 << 24;
  FaultKind lastFault = FaultKind::Trap;

private:
  std::byte *host(uint64_t address) { return memory.find(address, 0)->host; }
  Launcher launcher;
};

/// Runs a body in one warp: `%r1` to `%r4` begin as the words of four input vectors, `%r0` goes to
/// the result, of which each lane has one. Registers %r, %rs, %rd, %f, %fd, %p 0 to 31 are
/// declared.
std::vector<uint32_t> runLanes(const std::string &body,
                               const std::vector<std::vector<uint32_t>> &inputs,
                               unsigned warps = 1);

/// A kernel `k` with 64-bit parameters p0 to p3, loaded to %rd0 to %rd3, with the registers above.
std::string kernelText(const std::string &body, const std::string &declarations = "");

/// The message that parsing and decoding a module ends with; empty if it ends well.
std::string loadError(const std::string &ptx);

} // namespace qopt::emulator

#endif // QOPT_TEST_UNIT_EMULATOR_KERNELRUN_H
