//===- TaskEvaluation.h - a model's answers to tasks ------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_TASKEVALUATION_H
#define QOPT_TOOLS_QRUN_TASKEVALUATION_H

#include "runtime/eval/tasks/QuestionReader.h"
#include "runtime/eval/tasks/TaskRun.h"
#include "tools/qrun/Model.h"

namespace CLI {
class Option;
} // namespace CLI

namespace qopt {

/// What eval and compare know of tasks.
struct TaskOptions {
  std::vector<std::string> names;
  std::vector<std::string> data;
  std::optional<int64_t> shots;
  std::optional<int64_t> samples;
  std::optional<uint64_t> seed;
  std::vector<std::string> methods = {"direct"};
  std::string resultsFile;
  bool share = true;
  int64_t maxSequences = 64;

  /// Adds `name` (--task or --tasks) and the options that go with it; returns the former.
  CLI::Option *addTo(CLI::App &command, const std::string &name);
};

/// A task and the questions of it that are asked.
struct AskedTask {
  TaskDescription task;
  QuestionOptions options;
  std::vector<Question> questions;
};

/// How a model did on one task.
struct TaskReport {
  TaskDescription task;
  QuestionOptions options;
  std::vector<Question> questions;
  std::vector<MetricResult> metrics;
  int64_t truncated = 0; ///< Questions whose context was too long.
  int64_t context = 0;   ///< Tokens that the model can take.
  TaskRunResult run;
};

/// Reads the files of every task, so that what is wrong with one shows before anything runs. Throws
/// Error.
std::vector<AskedTask> readTasks(const TaskOptions &options);

/// Answers every task, with progress on a terminal. Throws Error.
std::vector<TaskReport> evaluateTasks(const Model &model, const TaskOptions &options,
                                      std::span<const AskedTask> tasks, int64_t stepRows);

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_TASKEVALUATION_H
