//===- StudyDescription.h - which configurations a study compares --*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_STUDYDESCRIPTION_H
#define QOPT_TOOLS_QRUN_STUDYDESCRIPTION_H

#include "runtime/formats/Json.h"

namespace qopt {

/// One way of compiling the model.
struct StudyConfiguration {
  std::string name;                   ///< Also that of its file: letters, digits, dots and dashes.
  std::vector<std::string> arguments; ///< Of qopt.
};

/// A column of the table: where the number is in what `qrun compare --json` says of a model.
struct StudyColumn {
  std::string title;
  Json::json_pointer pointer;
};

/// A study. Descriptions are JSON files; docs/studies/README.md has their keys, studies/ those that
/// are built in.
struct StudyDescription {
  std::string name;
  std::string about;
  std::vector<StudyConfiguration> configurations;
  std::vector<StudyColumn> columns;
};

/// A built-in study by name, or the description in a file that ends in .json. Throws an Error that
/// lists the names, or says what is wrong with the description.
StudyDescription findStudy(const std::string &name);

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_STUDYDESCRIPTION_H
