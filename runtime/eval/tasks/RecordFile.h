//===- RecordFile.h - files of records, in the forms that tasks are published in --*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EVAL_TASKS_RECORDFILE_H
#define QOPT_RUNTIME_EVAL_TASKS_RECORDFILE_H

#include "runtime/formats/Json.h"

namespace qopt {

/// The form of a file.
struct RecordFormat {
  enum Kind : uint8_t {
    JsonLines, ///< An object a line; empty lines do not count.
    JsonFile,  ///< One list, or an object with a list at `records`.
    Csv,       ///< RFC 4180: quoted fields may hold commas, quotes (doubled) and newlines.
    Tsv,       ///< Tabs between fields, which are never quoted.
    Lines,     ///< As many lines a record as there are columns: llama.cpp's HellaSwag.
  };
  Kind kind = JsonLines;
  /// Names of the fields of Csv, Tsv and Lines; none: the first row has them.
  std::vector<std::string> columns = {};
  std::string records = {}; ///< A dotted path in a JsonFile.
};

/// A record and where it is: "piqa.jsonl: line 3".
struct PlacedRecord {
  Json value;
  std::string place;
};

/// Reads all of them. Throws an Error that names the file and the line if the file is empty, not
/// UTF-8 (saying what it seems to be) or not of the form.
std::vector<PlacedRecord> readRecords(const std::string &path, const RecordFormat &format);

/// The lines of a file, without their ends; checked as readRecords does.
std::vector<std::string> readLines(const std::string &path);

} // namespace qopt

#endif // QOPT_RUNTIME_EVAL_TASKS_RECORDFILE_H
