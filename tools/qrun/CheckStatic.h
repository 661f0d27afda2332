//===- CheckStatic.h - qrun check --static ----------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_CHECKSTATIC_H
#define QOPT_TOOLS_QRUN_CHECKSTATIC_H

#include <string>

namespace qopt {

/// Prints, for each PTX module of an artifact, a table of its kernels: registers, spills, shared
/// memory, occupancy, and how they use memory; or one JSON object. Throws an Error if there is no
/// PTX, or it is wrong.
void runStaticCheck(const std::string &artifact, bool json);

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_CHECKSTATIC_H
