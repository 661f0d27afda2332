//===- PlanFile.h - names of files in an artifact ---------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_ARTIFACT_PLANFILE_H
#define QOPT_RUNTIME_ARTIFACT_PLANFILE_H

#include "runtime/artifact/PlanObject.h"

namespace qopt {

/// The file name `key`, refusing paths: a plan must not refer to files outside its artifact.
std::string readFileName(const PlanObject &object, std::string_view key);

} // namespace qopt

#endif // QOPT_RUNTIME_ARTIFACT_PLANFILE_H
