//===- TaskMetric.h - what a task's answers are worth -----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EVAL_TASKS_TASKMETRIC_H
#define QOPT_RUNTIME_EVAL_TASKS_TASKMETRIC_H

#include "runtime/eval/tasks/Question.h"
#include <optional>
#include <span>
#include <string_view>

namespace qopt {

/// What a model said to a question.
struct Outcome {
  std::vector<double> logProbabilities; ///< Of the continuations.
  bool isGreedy = false;                ///< The first continuation is what the model would say.
  std::string text; ///< What was generated; for Choice, one token in place of the first choice.
};

enum class TaskMetric : uint8_t {
  Acc,             ///< argmax of log p is the right one; Target: isGreedy.
  AccNorm,         ///< argmax of log p / characters of the choice.
  AccBytes,        ///< argmax of log p / bytes of the choice.
  AccGenerated,    ///< The first letter of the generated token is the right choice.
  PctStereotype,   ///< The first of two texts is strictly likelier.
  LikelihoodDiff,  ///< |log p of the first - of the second|.
  MacroF1,         ///< Mean over the classes of the F1 of each, as in CB.
  Mcc,             ///< Matthews' correlation of two classes, as in AX.
  Perplexity,      ///< exp of the mean of -log p, of targets.
  ExactMatch,      ///< The text, or the chosen choice, is one of the answers (AnswerText.h).
  F1,              ///< Its F1, the best over the answers.
  StrictMatch,     ///< GSM8K's strict number is the right one.
  FlexibleExtract, ///< GSM8K's flexible number is.
  ExactMatchChinese,
  F1Chinese,
};

/// "acc_norm" and so on, as in lm-evaluation-harness where it has it.
std::string_view toString(TaskMetric metric);
/// The metric of that name; throws an Error naming `file` if there is none or the kind of task
/// cannot have it.
TaskMetric parseTaskMetric(std::string_view name, TaskKind kind, std::string_view file);

struct MetricResult {
  TaskMetric metric;
  double value = 0;
  std::optional<double> error; ///< One standard error; none for MacroF1 and Mcc.
  /// Of each question, where the value is their mean: 0 or 1 for accuracies.
  std::vector<double> each;
};

/// Measures over all questions. The standard error is the sample deviation over sqrt(n); of a task
/// with groups it is pooled over them, as lm-evaluation-harness does for mmlu
/// (pooled_sample_stderr).
MetricResult measureMetric(TaskMetric metric, TaskKind kind, std::span<const Question> questions,
                           std::span<const Outcome> outcomes);

} // namespace qopt

#endif // QOPT_RUNTIME_EVAL_TASKS_TASKMETRIC_H
