//===- TokenDecoder.h - from tokens back to bytes ---------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_TOKENIZER_TOKENDECODER_H
#define QOPT_RUNTIME_TOKENIZER_TOKENDECODER_H

#include "runtime/tokenizer/Pattern.h"
#include "runtime/tokenizer/Utf8.h"
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace qopt {

/// What the text of each token contributes to the decoded bytes, one token at a time, so that
/// decoding can be streamed. Immutable once built.
class TokenDecoder {
public:
  /// How tokens stand for bytes, after the per-token steps.
  enum class Alphabet {
    Text,         ///< As they are.
    ByteFallback, ///< As they are, but <0x0A> is that byte.
    ByteLevel,    ///< Written in the byte alphabet (ByteAlphabet.h).
  };

  // Per-token steps, in the order in which they are added.
  void addReplace(Pattern pattern, std::string content);
  /// Replaces `mark` by ' ', or removes it in the first token if `dropsFirst`.
  void addMetaspace(std::string mark, bool dropsFirst);

  void setAlphabet(Alphabet value) { alphabet = value; }
  /// At most `count` times `content` is removed from the start of the decoded text.
  void setStripStart(std::string content, size_t count);
  /// What stands between tokens.
  void setSeparator(std::string text) { separator = std::move(text); }

  /// Appends the bytes of a token; `isFirst`: no token came before.
  void append(std::string_view token, bool isFirst, std::string &out) const;

  /// How bytes that form no characters show up in the text.
  InvalidBytes invalidBytes() const {
    return alphabet == Alphabet::ByteFallback ? InvalidBytes::OnePerByte : InvalidBytes::OnePerUnit;
  }
  const std::string &stripContent() const { return stripped; }
  size_t stripCount() const { return maxStripped; }

private:
  struct Replace {
    Pattern pattern;
    std::string content;
  };
  struct Metaspace {
    Pattern mark;
    bool dropsFirst;
  };

  std::vector<std::variant<Replace, Metaspace>> steps;
  Alphabet alphabet = Alphabet::Text;
  std::string stripped;
  size_t maxStripped = 0;
  std::string separator;
};

} // namespace qopt

#endif // QOPT_RUNTIME_TOKENIZER_TOKENDECODER_H
