//===- StudyDescription.h - what a study compiles and measures --*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_STUDYDESCRIPTION_H
#define QOPT_TOOLS_QRUN_STUDYDESCRIPTION_H

#include "runtime/formats/Json.h"

namespace qopt {

/// Values by the names that stand for them, as `{name}`.
using StudyNames = std::map<std::string, std::string>;

/// One way of compiling and measuring a model.
struct StudyConfiguration {
  std::string name; ///< Also that of its file: letters, digits, dots, underlines and dashes.
  StudyNames axes;
  std::vector<std::string> arguments; ///< Of qopt.
};

/// A number in a JSON document, and what it is called.
struct StudyColumn {
  std::string title;
  Json::json_pointer pointer;
};

/// Parts of a measured document that tables have lines of.
struct StudyRecords {
  std::string name;
  std::string at;                ///< A JSON pointer, in which `*` stands for every item.
  std::vector<StudyColumn> axes; ///< What tells the items apart.
};

/// A command of qrun that prints JSON.
struct StudyMeasure {
  std::string name;
  std::vector<std::string> command;
  std::vector<StudyRecords> records;
};

/// A table of records: a line for each combination of `rows`.
struct StudyTable {
  std::string title;
  std::string of;                   ///< Name of the records.
  std::vector<std::string> rows;    ///< Axes; the model's name comes before them.
  std::vector<StudyColumn> columns; ///< Of the first record of a line.
  std::string across;               ///< An axis with a column for each value; empty: none,
  Json::json_pointer value;         ///< and the number in it.
  double scale = 1;                 ///< Of that number.
  std::map<std::string, std::vector<std::string>> only; ///< Patterns that an axis has to match.
  std::string last; ///< An axis of which a model's last value counts; empty: all do.
};

/// A study. Descriptions are JSON files; docs/studies/README.md has their keys, studies/ those that
/// are built in.
struct StudyDescription {
  std::string name;
  std::string about;
  bool hasBase = false; ///< Whether the first configuration is what the others are compared with.
  std::vector<StudyConfiguration> configurations;
  std::vector<StudyMeasure> measures;
  std::vector<StudyTable> tables;

  /// Whether a command or an argument has `{name}`.
  bool needs(const std::string &name) const;
};

/// A built-in study by name, or the description in a file that ends in .json. Throws an Error that
/// lists the names, or says what is wrong with the description.
StudyDescription findStudy(const std::string &name);

/// `text` with the value of a name for each `{name}`.
std::string fillNames(std::string text, const StudyNames &values);

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_STUDYDESCRIPTION_H
