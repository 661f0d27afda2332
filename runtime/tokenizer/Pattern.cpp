//===- Pattern.cpp - a string or a regular expression to look for ---------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tokenizer/Pattern.h"

#include "runtime/formats/Error.h"

using namespace qopt;

Pattern Pattern::literal(std::string text) {
  if (text.empty())
    fail("a pattern is the empty string, which matches everywhere");
  return Pattern(std::move(text));
}

std::string Pattern::replaceAll(std::string_view text, std::string_view content) const {
  std::string result;
  result.reserve(text.size());
  size_t done = 0;
  forEachMatch(text, [&](ByteRange match) {
    result.append(text.substr(done, match.begin - done));
    result.append(content);
    done = match.end;
  });
  result.append(text.substr(done));
  return result;
}
