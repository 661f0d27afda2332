//===- Normalizer.h - what happens to text before it is split ---*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_TOKENIZER_NORMALIZER_H
#define QOPT_RUNTIME_TOKENIZER_NORMALIZER_H

#include "runtime/tokenizer/Pattern.h"
#include "runtime/tokenizer/UnicodeForm.h"
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace qopt {

/// A chain of text transformations, in the order in which they were added.
class Normalizer {
public:
  /// Puts `text` before every piece of text, or only before the one that starts the input.
  void addPrepend(std::string text, bool onlyAtStart = false);
  void addReplace(Pattern pattern, std::string content);
  void addUnicodeForm(UnicodeForm form);

  /// `text` is valid UTF-8; `atStart`: it is the start of the input. Empty text stays empty.
  std::string apply(std::string_view text, bool atStart) const;

private:
  struct Prepend {
    std::string text;
    bool onlyAtStart;
  };
  struct Replace {
    Pattern pattern;
    std::string content;
  };
  std::vector<std::variant<Prepend, Replace, UnicodeForm>> steps;
};

} // namespace qopt

#endif // QOPT_RUNTIME_TOKENIZER_NORMALIZER_H
