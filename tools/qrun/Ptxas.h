//===- Ptxas.h - runs ptxas where there is one ------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_PTXAS_H
#define QOPT_TOOLS_QRUN_PTXAS_H

#include "runtime/emulator/analysis/PtxasReport.h"
#include <optional>

namespace qopt {

/// Path of the first `ptxas` in the directories of PATH, if there is one.
std::optional<std::string> findPtxas();

/// What each kernel of a PTX file takes on `chip`. Throws an Error that quotes ptxas if it refuses
/// the file.
std::map<std::string, emulator::KernelResources, std::less<>>
runPtxas(const std::string &ptxas, const std::string &file, const std::string &chip);

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_PTXAS_H
