//===- TaskDescription.h - a task, described --------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EVAL_TASKS_TASKDESCRIPTION_H
#define QOPT_RUNTIME_EVAL_TASKS_TASKDESCRIPTION_H

#include "runtime/eval/tasks/Question.h"
#include "runtime/eval/tasks/RecordFile.h"
#include "runtime/eval/tasks/TaskMetric.h"
#include "runtime/eval/tasks/TextTemplate.h"
#include <optional>

namespace qopt {

/// Texts made from a record: one from each template, or one from each item of a list in it.
struct TextList {
  std::vector<TextTemplate> templates = {};
  std::optional<std::string> each = {}; ///< The list's path; `item` makes the text of each.
  TextTemplate item = {};

  std::vector<std::string> expand(const TaskRecord &record, const WordMaps &maps) const;
};

/// How questions are made from the records of one published file.
struct TaskForm {
  std::vector<std::string> files; ///< Patterns with at most one *, which names the group.
  RecordFormat format;
  std::map<std::string, std::string> beside; ///< Fields that other files hold, by line.
  std::vector<std::pair<std::string, std::string>> lists; ///< Names and paths of nested questions.
  TextTemplate query;
  std::string queryFilter;     ///< For the query as a whole (TextFilter.h); empty: none.
  std::string delimiter = " "; ///< Between the context and what follows.
  std::optional<TextList> choices;
  std::optional<TextList> contexts;         ///< Partial evaluation: a context for each choice,
  std::optional<TextTemplate> continuation; ///< and what follows all of them.
  std::optional<TextTemplate> gold;
  std::optional<TextList> labels;     ///< What `gold` is one of; none: it is a number from 0.
  std::optional<TextTemplate> target; ///< What follows the query; also that of examples.
  std::optional<TextList> answers;
  TextTemplate prefix;              ///< Before everything.
  std::optional<std::string> shots; ///< Pattern of the file with examples.
  std::string separator = "\n\n";   ///< Between examples.
  bool isGrouped = true;            ///< Otherwise the * is nothing but a file's name.
  bool ownFields = false;           ///< Records may have `delimiter` and `group`.
};

/// A task. Descriptions are JSON files; docs/evaluation.md has their keys, descriptions/ those that
/// are built in.
struct TaskDescription {
  std::string name;
  std::string about;
  TaskKind kind = TaskKind::Choice;
  bool hasLetters = false; ///< Choices are letters, so that an answer can also be generated.
  std::vector<TaskMetric> metrics;
  WordMaps maps;
  std::vector<std::string> stop; ///< Of generated texts.
  int64_t maxTokens = 0;
  std::vector<TaskForm> forms;    ///< The first whose file exists is taken.
  std::optional<int64_t> shots;   ///< Examples, unless the user says.
  std::optional<int64_t> samples; ///< Questions, unless the user says.
  std::optional<uint64_t> seed;   ///< Of their order, unless the user says.
};

/// Names of the tasks that are built in, in alphabetical order.
std::vector<std::string> builtinTaskNames();

/// A built-in task by name; or, if `name` ends in .json, the description in that file; or, if it
/// ends in .jsonl, the task that a file of questions is by itself. Throws an Error that lists the
/// names, or says what is wrong with the description.
TaskDescription findTask(const std::string &name);

} // namespace qopt

#endif // QOPT_RUNTIME_EVAL_TASKS_TASKDESCRIPTION_H
