//===- TaskRun.h - a model answers a task's questions -----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EVAL_TASKS_TASKRUN_H
#define QOPT_RUNTIME_EVAL_TASKS_TASKRUN_H

#include "runtime/eval/tasks/ContinuationScorer.h"
#include "runtime/eval/tasks/ResultLog.h"
#include "runtime/eval/tasks/TaskDescription.h"

namespace qopt {

class Tokenizer;

/// A task's questions as tokens.
struct PreparedTask {
  TaskDescription description;
  std::vector<Question> questions;
  std::vector<Window> windows;     ///< Of all continuations, or prompts, question by question.
  std::vector<size_t> firstWindow; ///< Of each question, and one more.
  int64_t truncated = 0;           ///< Questions whose context lost tokens.
  int64_t longest = 0;             ///< Tokens that a sequence needs at most.
};

/// Encodes for a model with a context of `contextTokens`, on `threads`. Throws an Error that names
/// the question.
PreparedTask prepareTask(TaskDescription description, std::vector<Question> questions,
                         const Tokenizer &tokenizer, int64_t contextTokens, unsigned threads);

struct TaskRunOptions {
  bool share = true;         ///< Prefixes in common are evaluated once.
  int64_t maxSequences = 64; ///< Of the session.
  int64_t stepRows = 512;
  std::vector<int64_t> endTokens = {}; ///< Of generated texts.
  ResultLog *log = nullptr;
  uint64_t run = 0; ///< The model's and the questions' hash, for the log.
};

struct TaskRunResult {
  std::vector<Outcome> outcomes; ///< By question.
  int64_t restored = 0;          ///< Questions whose outcome the log had.
  int64_t tokensEvaluated = 0;
  int64_t tokensUnshared = 0; ///< That each question by itself would have taken.
  double seconds = 0;
};

/// Answers the questions. `progress` learns how many are done. The session has no sequences and a
/// context of at least `task.longest`.
TaskRunResult runTask(const PreparedTask &task, Session &session, const Tokenizer &tokenizer,
                      const TaskRunOptions &options,
                      const std::function<void(size_t done)> &progress);

} // namespace qopt

#endif // QOPT_RUNTIME_EVAL_TASKS_TASKRUN_H
