//===- QuestionReader.h - a task's questions, from its files ----*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EVAL_TASKS_QUESTIONREADER_H
#define QOPT_RUNTIME_EVAL_TASKS_QUESTIONREADER_H

#include "runtime/eval/tasks/TaskDescription.h"
#include <span>

namespace qopt {

struct QuestionOptions {
  int64_t shots = 0;                 ///< Examples before each question.
  int64_t samples = 0;               ///< Questions at most; 0: all.
  std::optional<uint64_t> seed = {}; ///< Shuffles them first, as Python's random.Random(seed).
};

/// Reads the questions of `task` from the first of the folders `data`, or of their folders of the
/// task's name, that has its files; in the order of the files' names and lines. Throws an Error
/// that names the file and the line, or says which files the task is read from if there is none.
std::vector<Question> readQuestions(const TaskDescription &task, std::span<const std::string> data,
                                    const QuestionOptions &options);

} // namespace qopt

#endif // QOPT_RUNTIME_EVAL_TASKS_QUESTIONREADER_H
