//===- AtomicDirectory.h - directories, whole or not at all -----*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_FORMATS_ATOMICDIRECTORY_H
#define QOPT_RUNTIME_FORMATS_ATOMICDIRECTORY_H

#include "runtime/formats/TemporaryPath.h"
#include <string>
#include <string_view>

namespace qopt {

/// Builds `<path>.tmp.<pid>/` and renames it to `path` on commit(); without a commit the destructor
/// removes it with all that is in it.
class AtomicDirectory {
public:
  /// A directory with this file in it is an earlier artifact and may be replaced.
  static constexpr std::string_view artifactMarker = "plan.json";

  /// Throws Error, also if `path` exists and is not an earlier artifact.
  explicit AtomicDirectory(std::string path);
  AtomicDirectory(const AtomicDirectory &) = delete;
  AtomicDirectory &operator=(const AtomicDirectory &) = delete;

  /// Where to write the file `name` until commit().
  std::string filePath(std::string_view name) const;

  /// Throws Error, and then leaves what was at path() as it was.
  void commit();

  /// Without trailing slashes.
  const std::string &path() const { return finalPath; }
  const std::string &temporaryPath() const { return buildPath.string(); }

private:
  std::string finalPath;
  TemporaryPath buildPath;
};

} // namespace qopt

#endif // QOPT_RUNTIME_FORMATS_ATOMICDIRECTORY_H
