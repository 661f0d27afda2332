//===- BuiltinStudies.h - the studies in the program ------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_BUILTINSTUDIES_H
#define QOPT_TOOLS_QRUN_BUILTINSTUDIES_H

#include <span>
#include <string_view>

namespace qopt {

struct BuiltinStudy {
  std::string_view name;
  std::string_view json;
};

/// The files of studies/, in alphabetical order; cmake/EmbedFiles.cmake writes them into the build.
std::span<const BuiltinStudy> builtinStudies();

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_BUILTINSTUDIES_H
