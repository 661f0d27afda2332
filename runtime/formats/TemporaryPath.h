//===- TemporaryPath.h - unfinished output, removed whatever happens *- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_FORMATS_TEMPORARYPATH_H
#define QOPT_RUNTIME_FORMATS_TEMPORARYPATH_H

#include <string>

namespace qopt {

/// Where output is written until it is complete: `<path>.tmp.<pid>`, as renaming works only within
/// a file system. What is there is removed at the start (of an earlier process with this id, which
/// was killed), by the destructor, and when the process is interrupted.
class TemporaryPath {
public:
  explicit TemporaryPath(const std::string &finalPath);
  ~TemporaryPath();
  TemporaryPath(const TemporaryPath &) = delete;
  TemporaryPath &operator=(const TemporaryPath &) = delete;

  const std::string &string() const { return path; }
  const char *c_str() const { return path.c_str(); }
  /// Removes the file or directory, if there is one.
  void remove() const;

private:
  std::string path;
};

/// From now on SIGINT, SIGTERM and SIGHUP first remove all temporary paths. To be called before any
/// thread starts: a thread of its own waits for the signals, and the others block them.
void removeTemporariesWhenInterrupted();

} // namespace qopt

#endif // QOPT_RUNTIME_FORMATS_TEMPORARYPATH_H
