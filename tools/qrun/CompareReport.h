//===- CompareReport.h - a comparison as text and as JSON -------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_COMPAREREPORT_H
#define QOPT_TOOLS_QRUN_COMPAREREPORT_H

#include "runtime/eval/CompareModels.h"
#include "runtime/formats/Json.h"
#include <optional>
#include <string>
#include <vector>

namespace qopt {

/// What running a model costs.
struct ModelSpeed {
  double prefillTokensPerSecond;
  double decodeTokensPerSecond;
  uint64_t peakMemoryBytes;
};

struct ComparedModel {
  std::string artifact; ///< Or the file of a base's log-probabilities, of which no more is known.
  std::string recipe;
  uint64_t weightBytes = 0; ///< That the artifact's kernels read.
  double bitsPerWeight = 0;
  std::optional<ModelSpeed> speed;
};

/// The first model is the base; `comparison.models` are the others.
struct CompareReport {
  std::string convention; ///< "llama.cpp ctx=512 bos"
  int64_t windows = 0;
  std::string speedTests; ///< "pp512, tg32"; empty if none were run.
  std::vector<ComparedModel> models;
  Comparison comparison;
};

/// A table of what the models lose, and one of what they cost, with a row for each.
std::string toText(const CompareReport &report);
Json toJson(const CompareReport &report);

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_COMPAREREPORT_H
