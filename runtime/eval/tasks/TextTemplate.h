//===- TextTemplate.h - texts with fields of a record in them ---*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EVAL_TASKS_TEXTTEMPLATE_H
#define QOPT_RUNTIME_EVAL_TASKS_TEXTTEMPLATE_H

#include "runtime/eval/tasks/TaskRecord.h"
#include <map>

namespace qopt {

/// Tables that templates look words up in, by name.
using WordMaps = std::map<std::string, std::map<std::string, std::string>>;

/// "Question: {question.stem|strip}\nAnswer:": text in which `{path|filter|filter:argument}` stands
/// for a part of a record. `{}` is the item of a list. `{{` and `}}` are braces. Beside the filters
/// of TextFilter.h, which know the text alone:
///
///   map:NAME         what the description's map NAME has for it
///   slice:A:B        its characters from number A up to B, both fields
///   mark:N:WORD      with asterisks around the field WORD, which is its word number N (lm-eval's
///                    wsc)
class TextTemplate {
public:
  TextTemplate() = default;
  /// Throws an Error naming `source` if a brace is not closed or not opened.
  TextTemplate(std::string_view text, std::string_view source);

  /// Throws an Error if a field is missing or a word is in no map.
  std::string expand(const TaskRecord &record, const WordMaps &maps) const;

private:
  struct Filter {
    std::string name;
    std::string argument;
  };
  struct Piece {
    std::string literal; ///< Before the field.
    std::string path;
    std::vector<Filter> filters;
  };

  static Piece parseField(std::string literal, std::string_view field);

  std::vector<Piece> pieces;
  std::string tail;
};

} // namespace qopt

#endif // QOPT_RUNTIME_EVAL_TASKS_TEXTTEMPLATE_H
