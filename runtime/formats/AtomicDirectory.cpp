//===- AtomicDirectory.cpp - directories, whole or not at all -------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/AtomicDirectory.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/OutputPath.h"
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>

using namespace qopt;
namespace fs = std::filesystem;

/// Throws an Error unless nothing or an earlier artifact is at `path`. Returns whether there is
/// one.
static bool checkReplaceable(const std::string &path) {
  std::error_code error;
  fs::file_status status = fs::symlink_status(path, error);
  if (status.type() == fs::file_type::not_found)
    return false;
  if (!fs::is_directory(status))
    fail("cannot write '{}': a file is in its place; remove it or choose another name", path);
  if (!fs::is_regular_file(fs::path(path) / AtomicDirectory::artifactMarker, error))
    fail("cannot write '{}': a directory without a {} is in its place, so it is no earlier "
         "artifact; "
         "remove it or choose another name",
         path, AtomicDirectory::artifactMarker);
  return true;
}

/// Puts the directory `replacement` in the place of the directory `path`, whose contents end up
/// in `replacement`. Returns an errno.
static int swapDirectories(const std::string &replacement, const std::string &path) {
  if (renameat2(AT_FDCWD, replacement.c_str(), AT_FDCWD, path.c_str(), RENAME_EXCHANGE) == 0)
    return 0;
  if (errno != EINVAL && errno != ENOSYS)
    return errno;
  // The file system cannot exchange: for an instant there will be nothing at `path`.
  std::string aside = replacement + ".old";
  if (rename(path.c_str(), aside.c_str()) != 0)
    return errno;
  if (rename(replacement.c_str(), path.c_str()) != 0) {
    int error = errno;
    rename(aside.c_str(), path.c_str());
    return error;
  }
  return rename(aside.c_str(), replacement.c_str()) == 0 ? 0 : errno;
}

AtomicDirectory::AtomicDirectory(std::string path)
    : finalPath(resolveOutputPath(std::move(path))), buildPath(finalPath) {
  checkReplaceable(finalPath);
  if (mkdir(buildPath.c_str(), 0777) != 0)
    fail("cannot create '{}': {}", finalPath, strerror(errno));
}

std::string AtomicDirectory::filePath(std::string_view name) const {
  return fmt::format("{}/{}", buildPath.string(), name);
}

void AtomicDirectory::commit() {
  int error = 0;
  if (checkReplaceable(finalPath))
    error = swapDirectories(buildPath.string(), finalPath);
  else if (rename(buildPath.c_str(), finalPath.c_str()) != 0)
    error = errno;
  if (error != 0)
    fail("cannot move the finished '{}' into place: {}", finalPath, strerror(error));
  buildPath.remove(); // What was replaced.
}
