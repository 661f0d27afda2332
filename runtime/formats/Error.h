//===- Error.h - the one error type of the runtime --------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_FORMATS_ERROR_H
#define QOPT_RUNTIME_FORMATS_ERROR_H

#include <fmt/format.h>
#include <stdexcept>
#include <utility>

namespace qopt {

/// What the user did wrong, or what the machine lacks, in one line that names the file, the tensor
/// and the numbers, and says what would work. Tools print it as `error: <message>` and exit with 1;
/// qopt turns it into an MLIR diagnostic. Bugs are asserts, never an Error.
class Error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// Throws an Error whose message is formatted as by fmt::format.
template <typename... Args>
[[noreturn]] void fail(fmt::format_string<Args...> format, Args &&...args) {
  throw Error(fmt::format(format, std::forward<Args>(args)...));
}

} // namespace qopt

#endif // QOPT_RUNTIME_FORMATS_ERROR_H
