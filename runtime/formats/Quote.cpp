//===- Quote.cpp - names from files, made safe to print -------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/Quote.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

using namespace qopt;

/// Bytes of the UTF-8 character that `text` starts with, or 0 if it starts with none.
static size_t utf8Length(std::string_view text) {
  auto lead = static_cast<unsigned char>(text[0]);
  size_t length = lead < 0x80         ? 1
                  : lead >> 5 == 0x6  ? 2
                  : lead >> 4 == 0xe  ? 3
                  : lead >> 3 == 0x1e ? 4
                                      : 0;
  if (length == 0 || length > text.size())
    return 0;
  for (size_t i = 1; i < length; ++i)
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80)
      return 0;
  return length;
}

std::string qopt::quote(std::string_view text) {
  constexpr size_t maxBytes = 120;
  std::string result = "'";
  while (!text.empty()) {
    if (result.size() > maxBytes) {
      result += "...";
      break;
    }
    auto lead = static_cast<unsigned char>(text[0]);
    size_t length = utf8Length(text);
    if (length == 0 || lead < 0x20 || lead == 0x7f) {
      result += fmt::format("\\x{:02x}", lead);
      length = 1;
    } else {
      result += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  result += "'";
  return result;
}

std::string qopt::formatShape(std::span<const int64_t> shape) {
  constexpr size_t maxDimensions = 8;
  if (shape.size() > maxDimensions)
    return fmt::format("[{}, ... {} dimensions]", fmt::join(shape.first(maxDimensions), ", "),
                       shape.size());
  return fmt::format("[{}]", fmt::join(shape, ", "));
}
