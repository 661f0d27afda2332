//===- OtherProgram.h - rates of another program's benchmark ----*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_OTHERPROGRAM_H
#define QOPT_TOOLS_QRUN_OTHERPROGRAM_H

#include <map>
#include <string>

namespace qopt {

/// Tokens/s by the name of the test: "pp512", "tg128 @ d1024".
using ProgramRates = std::map<std::string, double>;

/// Runs a command in a shell and reads what it prints: the JSON of `llama-bench -o json` or of
/// `qrun bench --json`. Throws an Error if the command fails or prints something else.
ProgramRates runOtherProgram(const std::string &command);

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_OTHERPROGRAM_H
