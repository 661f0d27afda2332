//===- TestSupport.h - helpers of the format tests --------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TEST_UNIT_FORMATS_TESTSUPPORT_H
#define QOPT_TEST_UNIT_FORMATS_TESTSUPPORT_H

#include "runtime/formats/Error.h"
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace qopt::test {

/// A directory for one test, removed with its contents.
class TempDir {
public:
  TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "qopt-test-XXXXXX").string();
    directory = mkdtemp(name.data());
  }
  ~TempDir() { std::filesystem::remove_all(directory); }

  const std::string &path() const { return directory; }
  std::string path(std::string_view name) const { return directory + "/" + std::string(name); }

  /// Writes a file in the directory and returns its path.
  std::string write(std::string_view name, std::string_view contents) const {
    std::ofstream(path(name), std::ios::binary) << contents;
    return path(name);
  }

  /// How many entries the directory has.
  size_t size() const {
    return std::distance(std::filesystem::directory_iterator(directory),
                         std::filesystem::directory_iterator());
  }

private:
  std::string directory;
};

inline std::string readAll(const std::string &path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

/// The message of the Error that `action` throws, which must be one line; empty if it throws none.
template <typename Action> std::string errorOf(Action action) {
  try {
    action();
  } catch (const Error &error) {
    EXPECT_EQ(std::string_view(error.what()).find('\n'), std::string_view::npos) << error.what();
    return error.what();
  }
  return "";
}

/// Expects that `text` contains every one of `parts`.
inline void expectContains(const std::string &text, std::initializer_list<std::string_view> parts) {
  for (std::string_view part : parts)
    EXPECT_NE(text.find(part), std::string::npos) << "no \"" << part << "\" in: " << text;
}

/// The bytes of a safetensors file with this header and `dataSize` bytes 0, 1, 2, ...
inline std::string safetensorsBytes(std::string_view header, size_t dataSize) {
  uint64_t length = header.size();
  std::string bytes(reinterpret_cast<const char *>(&length), 8);
  bytes += header;
  for (size_t i = 0; i < dataSize; ++i)
    bytes += char(i);
  return bytes;
}

inline std::span<const std::byte> asBytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

inline std::string bundledModel(std::string_view name) {
  return std::string(QOPT_SOURCE_DIR) + "/test/models/" + std::string(name);
}

} // namespace qopt::test

#endif // QOPT_TEST_UNIT_FORMATS_TESTSUPPORT_H
