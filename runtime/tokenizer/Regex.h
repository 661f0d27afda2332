//===- Regex.h - regular expressions of tokenizer files ---------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_TOKENIZER_REGEX_H
#define QOPT_RUNTIME_TOKENIZER_REGEX_H

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace qopt {

/// A half-open range of byte offsets.
struct ByteRange {
  size_t begin;
  size_t end;
};

/// A compiled regular expression with the meaning that it has in Hugging Face tokenizers (Oniguruma
/// on Unicode text). Characters newer than PCRE2's Unicode tables (version 14 in 10.42) count as
/// unassigned. Immutable; matching is thread-safe.
class Regex {
public:
  /// Throws an Error that quotes the expression and says what is wrong with it.
  explicit Regex(std::string_view expression);

  const std::string &expression() const { return source; }

private:
  friend class RegexMatches;
  std::string source;
  std::shared_ptr<const void> code; ///< A pcre2_code.
};

/// The successive matches of an expression in a text.
class RegexMatches {
public:
  /// `text` must be valid UTF-8. Both must outlive this object.
  RegexMatches(const Regex &regex, std::string_view text);

  /// The next match, or none. Empty matches are returned too, but none right behind the match
  /// before. Throws an Error if the expression needs too much backtracking.
  std::optional<ByteRange> next();

private:
  const Regex &regex;
  std::string_view text;
  std::shared_ptr<void> data; ///< A pcre2_match_data.
  size_t position = 0;
  bool hasMatched = false;
};

} // namespace qopt

#endif // QOPT_RUNTIME_TOKENIZER_REGEX_H
