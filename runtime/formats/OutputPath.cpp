//===- OutputPath.cpp - where output goes ---------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/OutputPath.h"

#include "runtime/formats/Error.h"
#include <filesystem>

using namespace qopt;

std::string qopt::resolveOutputPath(std::string path) {
  while (path.size() > 1 && path.back() == '/')
    path.pop_back();
  if (path.empty())
    fail("the name of the output is empty");
  std::error_code error;
  if (!std::filesystem::is_symlink(path, error))
    return path;
  std::string target = std::filesystem::canonical(path, error).string();
  return error ? path : target;
}
