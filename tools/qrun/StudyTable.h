//===- StudyTable.h - tables of what a study measured -----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_STUDYTABLE_H
#define QOPT_TOOLS_QRUN_STUDYTABLE_H

#include "tools/qrun/StudyDescription.h"
#include <span>

namespace qopt {

/// What one configuration of one model came to, as its file has it.
struct StudyResult {
  std::string model; ///< The name of its folder.
  Json json;         ///< `configuration`, `axes`, and `results` by measure or `refused`.
};

/// The tables of a study in Markdown, then what could not be measured.
std::string toMarkdown(const StudyDescription &study, std::span<const StudyResult> results);

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_STUDYTABLE_H
