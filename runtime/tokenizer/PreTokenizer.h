//===- PreTokenizer.h - cutting text into words -----------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_TOKENIZER_PRETOKENIZER_H
#define QOPT_RUNTIME_TOKENIZER_PRETOKENIZER_H

#include "runtime/tokenizer/Pattern.h"
#include <deque>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace qopt {

/// A chain of steps that cut normalized text into the words within which tokens are merged.
class PreTokenizer {
public:
  /// What becomes of the matches of a split pattern.
  enum class Behavior { Isolated, Removed, MergedWithPrevious, MergedWithNext, Contiguous };
  enum class PrependScheme { Always, First, Never };

  /// With `invert`, the text between the matches is split off instead.
  void addSplit(Pattern pattern, Behavior behavior, bool invert = false);

  /// Replaces ' ' by `replacement`, also before a piece without one, and splits there.
  void addMetaspace(std::string replacement, PrependScheme scheme, bool split);

  /// GPT-2's step: an optional space before each piece, an optional split by GPT-2's pattern; the
  /// words are then written in the byte alphabet (ByteAlphabet.h). Must be the last step.
  void addByteLevel(bool addPrefixSpace, bool useRegex);

  /// Whether the model wants words in the byte alphabet. run() leaves that to the caller, who needs
  /// it only for words seen for the first time.
  bool isByteLevel() const { return byteLevel; }

  /// Appends the words of `text` (valid UTF-8) to `words`: parts of `text`, or of strings that this
  /// adds to `storage`. `atStart`: `text` is the start of the input.
  void run(std::string_view text, bool atStart, std::deque<std::string> &storage,
           std::vector<std::string_view> &words) const;

private:
  struct Split {
    Pattern pattern;
    Behavior behavior;
    bool invert;
  };
  struct Metaspace {
    std::string replacement;
    PrependScheme scheme;
  };
  struct PrefixSpace {};

  static void split(const Split &step, std::string_view text, std::vector<std::string_view> &out);

  std::vector<std::variant<Split, Metaspace, PrefixSpace>> steps;
  bool byteLevel = false;
};

/// The split pattern of a family of tokenizers: "gpt-2", "llama-bpe" (Llama 3) or "qwen2"; null for
/// other names.
const char *splitPatternOf(std::string_view family);

} // namespace qopt

#endif // QOPT_RUNTIME_TOKENIZER_PRETOKENIZER_H
