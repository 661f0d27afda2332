//===- TaskRecord.h - what a task's file holds, record by record --*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EVAL_TASKS_TASKRECORD_H
#define QOPT_RUNTIME_EVAL_TASKS_TASKRECORD_H

#include "runtime/formats/Json.h"

namespace qopt {

/// A record of a task's file, and names for parts of it.
class TaskRecord {
public:
  /// `value` must outlive this. `place` is for messages: "piqa.jsonl: line 3".
  TaskRecord(const Json &value, std::string place) : root(&value), where(std::move(place)) {}

  /// The record with `name` for one item of a list, its number as `#name`, and {} for itself.
  TaskRecord with(const std::string &name, const Json &item, size_t number) const;

  /// The part at a dotted path of keys and numbers, the first of which may be a name; `#name` is a
  /// number. An empty path is the item that was named last, or all. Throws an Error if there is
  /// none.
  const Json &at(std::string_view path) const;
  /// Its items. Throws an Error if it is no list.
  const Json &list(std::string_view path) const;
  /// As text: strings as they are, numbers in decimals, "true" or "false", a list of strings with
  /// commas between them.
  std::string text(std::string_view path) const;

  const std::string &place() const { return where; }

private:
  struct Name {
    std::string name;
    const Json *item;
    size_t number;
  };

  const Name *find(std::string_view name) const;
  const Json &step(const Json &value, std::string_view key, std::string_view path) const;

  const Json *root;
  std::string where;
  std::vector<Name> names;
};

} // namespace qopt

#endif // QOPT_RUNTIME_EVAL_TASKS_TASKRECORD_H
