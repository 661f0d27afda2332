//===- StopStrings.cpp - where a text is to end ---------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/sampling/StopStrings.h"

#include "runtime/formats/Error.h"
#include <algorithm>
#include <utility>

using namespace qopt;

StopStrings::StopStrings(std::vector<std::string> strings) : strings(std::move(strings)) {
  for (const std::string &string : this->strings)
    if (string.empty())
      fail("a stop string is empty: it would end every text at its start");
}

/// The length of the longest end of `text` that begins `string` but is not all of it.
static size_t partialMatch(std::string_view text, std::string_view string) {
  for (size_t length = std::min(text.size(), string.size() - 1); length > 0; --length)
    if (text.ends_with(string.substr(0, length)))
      return length;
  return 0;
}

std::string StopStrings::feed(std::string_view part) {
  if (hasStopped)
    return "";
  held += part;
  size_t end = held.npos, partial = 0;
  for (const std::string &string : strings) {
    end = std::min(end, held.find(string));
    partial = std::max(partial, partialMatch(held, string));
  }
  if (end != held.npos) {
    hasStopped = true;
    held.resize(end);
    return std::exchange(held, "");
  }
  std::string passed = held.substr(0, held.size() - partial);
  held.erase(0, passed.size());
  return passed;
}

std::string StopStrings::finish() { return std::exchange(held, ""); }
