//===- ChildProcess.h - another program, run to its end ---------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_CHILDPROCESS_H
#define QOPT_TOOLS_QRUN_CHILDPROCESS_H

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace qopt {

/// Where what a child prints goes. Its standard error is ours but for ReadWithErrors.
enum class ChildOutput : uint8_t { Read, ReadWithErrors, ToErrors };

struct ChildResult {
  int status;         ///< As waitpid gives it.
  std::string output; ///< What was read.
};

/// Called with a line, without its end.
using LineCallback = std::function<void(std::string_view)>;

/// Runs a program, looked for on the PATH if its name has no slash, and waits for its end. With
/// `onErrorLine` what it writes to its standard error goes there as it comes, in another thread.
/// Throws an Error if it cannot be started.
ChildResult runChild(const std::vector<std::string> &words, ChildOutput output = ChildOutput::Read,
                     const LineCallback &onErrorLine = LineCallback());

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_CHILDPROCESS_H
