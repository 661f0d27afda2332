//===- GenerateReport.h - what qrun generate prints -------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_GENERATEREPORT_H
#define QOPT_TOOLS_QRUN_GENERATEREPORT_H

#include "runtime/sampling/Generator.h"

namespace qopt {

struct GenerateReport {
  std::vector<std::vector<int32_t>> prompts;
  std::vector<GeneratedText> texts; ///< Of each prompt.
  GenerationTimes times;
  double loadMilliseconds = 0;
  int64_t context = 0;
};

/// One object: the texts with their ids, times and memory. One prompt's fields are at the top;
/// those of several are in `sequences`.
void printJson(const GenerateReport &report);

/// The texts of a batch, under headings.
void printTexts(const GenerateReport &report);

/// Times and memory, to the standard error.
void printSummary(const GenerateReport &report, const std::string &device);

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_GENERATEREPORT_H
