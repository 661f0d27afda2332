//===- OutputFile.h - what a command writes at its end ----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_OUTPUTFILE_H
#define QOPT_TOOLS_QRUN_OUTPUTFILE_H

#include "runtime/formats/AtomicFile.h"
#include <optional>

namespace qopt {

/// A file that a command writes once it has measured. It is created when the command begins, so
/// that a path at which there can be none is an Error before the work, not after it.
class OutputFile {
public:
  /// An empty path: there is no file.
  explicit OutputFile(const std::string &path) {
    if (!path.empty())
      file.emplace(path);
  }

  explicit operator bool() const { return file.has_value(); }
  /// Throws Error.
  void write(std::string_view contents) {
    file->append(contents);
    file->commit();
  }

private:
  std::optional<AtomicFile> file;
};

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_OUTPUTFILE_H
