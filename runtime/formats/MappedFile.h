//===- MappedFile.h - a file in memory, read only ---------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_FORMATS_MAPPEDFILE_H
#define QOPT_RUNTIME_FORMATS_MAPPEDFILE_H

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace qopt {

/// A regular file mapped read-only for as long as the object lives. Reading is thread-safe.
class MappedFile {
public:
  /// Throws an Error with the path and the system's reason; directories, pipes and devices are
  /// refused. An empty file gives empty bytes.
  explicit MappedFile(std::string path);
  ~MappedFile();
  MappedFile(MappedFile &&other) noexcept;
  MappedFile &operator=(MappedFile &&other) noexcept;

  std::span<const std::byte> bytes() const { return mapping; }
  const std::string &path() const { return filePath; }

  enum class Advice {
    Normal,     ///< The kernel's default read-ahead.
    Sequential, ///< Read ahead far, once, in order.
    Random,     ///< Do not read ahead.
    WillNeed,   ///< Start reading now, in the background.
    Populate,   ///< Read now and enter all pages into the page table before returning.
    DontNeed,   ///< These pages no longer count as this process's memory.
  };

  /// How `range`, a part of bytes(), will be used. Only a hint: never fails.
  void advise(std::span<const std::byte> range, Advice advice) const;

private:
  std::string filePath;
  std::span<const std::byte> mapping;
};

} // namespace qopt

#endif // QOPT_RUNTIME_FORMATS_MAPPEDFILE_H
