//===- PlanFile.cpp - names of files in an artifact -----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/artifact/PlanFile.h"

#include "runtime/formats/Quote.h"
#include <fmt/format.h>

using namespace qopt;

std::string qopt::readFileName(const PlanObject &object, std::string_view key) {
  std::string name = object.string(key);
  bool isPlain = !name.empty() && name != "." && name != ".." && name.find('/') == name.npos &&
                 name.find('\0') == name.npos;
  if (!isPlain)
    object.failAt(key,
                  fmt::format("is {}; expected the name of a file in the artifact", quote(name)));
  return name;
}
