//===- ResultLog.h - outcomes, kept as they come ----------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EVAL_TASKS_RESULTLOG_H
#define QOPT_RUNTIME_EVAL_TASKS_RESULTLOG_H

#include "runtime/eval/tasks/TaskMetric.h"
#include <cstdio>
#include <map>
#include <memory>
#include <string>

namespace qopt {

/// A file of outcomes, a JSON object a line, to which results are appended so that an interrupted
/// run goes on where it stopped. It may hold those of several runs: a run is a model's weights and
/// a task's questions, hashed.
class ResultLog {
public:
  /// Reads what the file has, if it exists; a last line that was cut off is left out. Throws an
  /// Error if it cannot be written or holds anything else.
  explicit ResultLog(std::string path);

  /// The outcomes of a run, by question.
  std::map<size_t, Outcome> known(uint64_t run) const;
  /// Appends one; it is in the file before this returns. Throws an Error.
  void append(uint64_t run, const std::string &task, size_t question, const Outcome &outcome);

private:
  void write(const std::string &text);

  struct Closer {
    void operator()(std::FILE *file) const { std::fclose(file); }
  };
  std::string path;
  std::map<uint64_t, std::map<size_t, Outcome>> runs;
  std::unique_ptr<std::FILE, Closer> file;
};

/// FNV-1a, in 64 bits; `hash` continues another.
uint64_t hashBytes(std::string_view bytes, uint64_t hash = 0xcbf29ce484222325u);

} // namespace qopt

#endif // QOPT_RUNTIME_EVAL_TASKS_RESULTLOG_H
