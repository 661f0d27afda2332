//===- Output.h - what qopt writes ------------------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QOPT_OUTPUT_H
#define QOPT_TOOLS_QOPT_OUTPUT_H

#include <string>

namespace qopt {

enum class OutputKind { Ir, Artifact, Ptx, Gguf };

/// What `emit` names (ir, qmod, ptx, gguf), or by the ending of `path` if it is empty. Throws
/// Error.
OutputKind outputKindOf(const std::string &path, const std::string &emit);

/// Writes a file, whole or not at all, or to stdout for `-`. Throws Error.
void writeOutput(const std::string &path, const std::string &contents);

} // namespace qopt

#endif // QOPT_TOOLS_QOPT_OUTPUT_H
