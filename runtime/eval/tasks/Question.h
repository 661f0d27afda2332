//===- Question.h - one question of a task ----------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EVAL_TASKS_QUESTION_H
#define QOPT_RUNTIME_EVAL_TASKS_QUESTION_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace qopt {

/// How the answer is found.
enum class TaskKind : uint8_t {
  Choice,   ///< The likeliest of several continuations.
  Target,   ///< One continuation, judged by its likelihood.
  Generate, ///< A text generated greedily.
};

/// One question, all its texts made.
struct Question {
  std::string group; ///< "anatomy" of mmlu; empty where a task has no parts.
  /// What stands before the continuations: one text for all, or one for each (partial evaluation).
  std::vector<std::string> contexts;
  /// With the delimiter before them; none for Generate.
  std::vector<std::string> continuations;
  /// As they stand in the file: the candidates, of which acc_norm takes the lengths.
  std::vector<std::string> choices;
  size_t gold = 0; ///< The right choice.
  /// Texts that are right, for the metrics that look at text.
  std::vector<std::string> answers;

  const std::string &context(size_t choice) const {
    return contexts[contexts.size() == 1 ? 0 : choice];
  }
};

} // namespace qopt

#endif // QOPT_RUNTIME_EVAL_TASKS_QUESTION_H
