//===- AtomicFile.h - output files, whole or not at all ---------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_FORMATS_ATOMICFILE_H
#define QOPT_RUNTIME_FORMATS_ATOMICFILE_H

#include "runtime/formats/TemporaryPath.h"
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace qopt {

/// Writes `<path>.tmp.<pid>` and renames it to `path` on commit(); without a commit the destructor
/// removes it, as does an interruption. So a reader sees the old file or the new one, also after a
/// full disk or an error. (Not after a power failure: nothing is synced.)
///
/// A full disk, a quota or a file size limit is an Error naming the file and the bytes. For the
/// limit, the constructor makes the process ignore SIGXFSZ unless it handles it.
class AtomicFile {
public:
  /// Throws Error, also if `path` exists and is no regular file. A `size` reserves the disk space,
  /// so that a disk too full fails here.
  explicit AtomicFile(std::string path, uint64_t size = 0);
  ~AtomicFile();
  AtomicFile(const AtomicFile &) = delete;
  AtomicFile &operator=(const AtomicFile &) = delete;

  /// Thread-safe, for disjoint ranges. What is never written reads as zeros. Throws Error.
  void writeAt(uint64_t offset, std::span<const std::byte> bytes);

  /// Writes behind the previous append. Not thread-safe. Throws Error.
  void append(std::string_view text);

  /// Throws Error. Nothing may be written afterwards.
  void commit();

  const std::string &path() const { return finalPath; }

private:
  std::string finalPath;
  TemporaryPath temporaryPath;
  int descriptor = -1;
  uint64_t appended = 0;
};

/// Writes a whole file atomically. Throws Error.
void writeFile(const std::string &path, std::string_view contents);

} // namespace qopt

#endif // QOPT_RUNTIME_FORMATS_ATOMICFILE_H
