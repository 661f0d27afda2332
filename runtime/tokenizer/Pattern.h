//===- Pattern.h - a string or regex to look for ----------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_TOKENIZER_PATTERN_H
#define QOPT_RUNTIME_TOKENIZER_PATTERN_H

#include "runtime/tokenizer/Regex.h"
#include <variant>
#include <vector>

namespace qopt {

/// What normalizers replace and pre-tokenizers split at.
class Pattern {
public:
  /// Throws Error if `text` is empty.
  static Pattern literal(std::string text);
  static Pattern regex(std::string_view expression) { return Pattern(Regex(expression)); }

  /// Calls `visit` with the successive matches, left to right, not overlapping. `text` is valid
  /// UTF-8.
  template <typename Visitor> void forEachMatch(std::string_view text, Visitor visit) const {
    if (auto *expression = std::get_if<Regex>(&value)) {
      RegexMatches matches(*expression, text);
      while (std::optional<ByteRange> match = matches.next())
        visit(*match);
      return;
    }
    const auto &string = std::get<std::string>(value);
    for (size_t at = text.find(string); at != text.npos; at = text.find(string, at + string.size()))
      visit(ByteRange{at, at + string.size()});
  }

  /// `text` with every match replaced by `content`, taken literally.
  std::string replaceAll(std::string_view text, std::string_view content) const;

private:
  explicit Pattern(std::variant<std::string, Regex> value) : value(std::move(value)) {}

  std::variant<std::string, Regex> value;
};

} // namespace qopt

#endif // QOPT_RUNTIME_TOKENIZER_PATTERN_H
