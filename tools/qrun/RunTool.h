//===- RunTool.h - qopt and qrun, run by qrun -------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_RUNTOOL_H
#define QOPT_TOOLS_QRUN_RUNTOOL_H

#include <cstdint>
#include <string>
#include <vector>

namespace qopt {

enum class Remarks : uint8_t { Shown, Dropped };

/// Runs "qopt" or "qrun", the one beside this program or else on the PATH, and returns what it
/// prints; what it says on the standard error goes there, remarks unless they are dropped. Throws
/// an Error with its own if it fails.
std::string runTool(const std::string &name, const std::vector<std::string> &arguments,
                    Remarks remarks = Remarks::Shown);

/// Compiles what qopt takes with these passes and these options of its default pipeline
/// ("targets=ptx") into `artifact`, without its remarks. Throws Error.
void compileModel(const std::string &model, const std::vector<std::string> &passes,
                  const std::string &pipeline, const std::string &artifact);

/// Such options for what runs on this machine alone, with the kernels that `--cpu-level` (or, if
/// that is empty, the runtime) picks: half the work of an artifact for all machines.
std::string hostPipeline(const std::string &cpuLevel);

/// Writes a calibration profile of a model (what qopt takes) over so many tokens of a text. The
/// model that observes lies in `folder` meanwhile. Throws Error.
void calibrateModel(const std::string &model, const std::string &text, int64_t tokens,
                    const std::string &folder, const std::string &profile);

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_RUNTOOL_H
