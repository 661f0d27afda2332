//===- BuiltinTasks.h - the descriptions in the program ---------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EVAL_TASKS_BUILTINTASKS_H
#define QOPT_RUNTIME_EVAL_TASKS_BUILTINTASKS_H

#include <span>
#include <string_view>

namespace qopt {

struct BuiltinTask {
  std::string_view name;
  std::string_view json;
};

/// The files of descriptions/, in alphabetical order; cmake/EmbedFiles.cmake writes them into the
/// build.
std::span<const BuiltinTask> builtinTasks();

} // namespace qopt

#endif // QOPT_RUNTIME_EVAL_TASKS_BUILTINTASKS_H
