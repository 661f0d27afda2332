//===- ScratchFolder.cpp - a folder for artifacts of a while --------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/ScratchFolder.h"

#include "runtime/formats/Error.h"
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

using namespace qopt;
namespace fs = std::filesystem;

ScratchFolder::ScratchFolder(const std::string &purpose)
    : path((fs::temp_directory_path() / fmt::format("qrun-{}-XXXXXX", purpose)).string()) {
  if (!mkdtemp(path.data()))
    fail("no folder for artifacts in {}: {}", fs::temp_directory_path().string(),
         std::strerror(errno));
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}
