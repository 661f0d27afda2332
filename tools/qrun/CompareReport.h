//===- CompareReport.h - a comparison as text and as JSON -------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_COMPAREREPORT_H
#define QOPT_TOOLS_QRUN_COMPAREREPORT_H

#include "runtime/eval/CompareModels.h"
#include "runtime/eval/tasks/PairedTest.h"
#include "runtime/formats/Json.h"
#include "tools/qrun/ComparedTexts.h"
#include "tools/qrun/TaskEvaluation.h"
#include "tools/qrun/TensorErrors.h"
#include <optional>
#include <string>
#include <vector>

namespace qopt {

/// Tokens a second over the repetitions.
struct SpeedRange {
  double min, median, max;
};

/// What running a model costs.
struct ModelSpeed {
  SpeedRange prefill;
  SpeedRange decode;
  double loadMilliseconds;
  uint64_t peakMemoryBytes;
  double weightBytesPerToken; ///< That decoding reads,
  double readBandwidth;       ///< and the bytes/s at which the machine can.
};

struct ComparedModel {
  std::string artifact; ///< Or the file of a base's log-probabilities, of which no more is known.
  std::string recipe;
  uint64_t weightBytes = 0; ///< That the artifact's kernels read.
  uint64_t fileBytes = 0;   ///< Of all files of the artifact.
  double bitsPerWeight = 0;
  double bitsPerKey = 0; ///< Of an element of the cache.
  std::optional<ModelSpeed> speed;
  std::vector<TaskReport> tasks;
  std::vector<TensorError> tensorErrors = {}; ///< As far as the artifact knows them.
};

/// The first model is the base; `comparison.models` are the others.
struct CompareReport {
  std::string convention; ///< "llama.cpp ctx=512 bos"
  int64_t windows = 0;
  std::string speedTests; ///< "pp512, tg32"; empty if none were run.
  std::vector<ComparedModel> models;
  Comparison comparison;
  std::vector<ComparedPrompt> prompts = {};
  std::vector<std::string> promptedModels = {}; ///< Of the texts of each prompt.
};

/// A model on a task's metric against the first model that has the same questions.
struct TaskDifference {
  const MetricResult *metric;
  std::optional<PairedTest> test; ///< None for the first, and where there are no pairs.
};
/// Of each metric of each task, in order; empty for a base that is a file.
std::vector<TaskDifference> taskDifferences(const CompareReport &report,
                                            const ComparedModel &model);

/// A table of what the models lose, one of their answers to tasks, and one of what they cost, with
/// a row for each.
std::string toText(const CompareReport &report);
Json toJson(const CompareReport &report);

/// A number of a table, or a text.
struct CompareCell {
  std::string title;
  std::string part;  ///< What it is of what the title names: "error", "median"; empty: that itself.
  std::string joint; ///< Between the number before and this one where a page joins them.
  std::string value; ///< Empty: not known.
};

/// A row of cells for each model, all with the titles of the last row.
using CompareTable = std::vector<std::vector<CompareCell>>;
CompareTable toTable(const CompareReport &report);

/// A line of titles and a line for each model, numbers of one title joined: "9.94 ± 0.31".
std::vector<std::vector<std::string>> toLines(const CompareTable &table);
/// A column for each number: "ppl", "ppl error".
std::string toCsv(const CompareTable &table);
std::string toMarkdown(const CompareTable &table);

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_COMPAREREPORT_H
