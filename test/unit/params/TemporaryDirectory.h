//===- TemporaryDirectory.h - files of a test -------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TEST_UNIT_PARAMS_TEMPORARYDIRECTORY_H
#define QOPT_TEST_UNIT_PARAMS_TEMPORARYDIRECTORY_H

#include <cstdlib>
#include <filesystem>
#include <string>

namespace qopt {

/// Removed with all that is in it.
class TemporaryDirectory {
public:
  TemporaryDirectory() {
    std::string name = std::filesystem::temp_directory_path() / "qopt-params-XXXXXX";
    path = mkdtemp(name.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path); }
  TemporaryDirectory(const TemporaryDirectory &) = delete;
  TemporaryDirectory &operator=(const TemporaryDirectory &) = delete;

  std::string file(const char *name) const { return path + "/" + name; }

private:
  std::string path;
};

} // namespace qopt

#endif // QOPT_TEST_UNIT_PARAMS_TEMPORARYDIRECTORY_H
