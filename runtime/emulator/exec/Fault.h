//===- Fault.h - what a kernel did wrong ------------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_EXEC_FAULT_H
#define QOPT_RUNTIME_EMULATOR_EXEC_FAULT_H

#include "runtime/formats/Error.h"
#include <string>

namespace qopt::emulator {

enum class FaultKind {
  OutOfBounds,
  Misaligned,
  Uninitialized, ///< reads what was never written
  Race,          ///< two threads, one address, no barrier between, one of them writes
  Divergence,    ///< a barrier or warp operation that not all named threads reach
  Trap,
  Timeout,
};

/// Thrown while an instruction executes. `what` goes on after the instruction: "reads 4 bytes at
/// ...". The block adds where and who.
struct Fault {
  FaultKind kind;
  unsigned lane;
  std::string what;
};

template <typename... Args>
[[noreturn]] void raise(FaultKind kind, unsigned lane, fmt::format_string<Args...> format,
                        Args &&...args) {
  throw Fault{kind, lane, fmt::format(format, std::forward<Args>(args)...)};
}

/// A launch that did not end well. The message names the kernel, its op where that is known, the
/// block, the thread, the line of the PTX (and the source's, after a `.loc`) and the instruction.
class LaunchError : public Error {
public:
  LaunchError(FaultKind kind, const std::string &message) : Error(message), kind(kind) {}
  const FaultKind kind;
};

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_EXEC_FAULT_H
