//===- AddedTokens.h - tokens found before the text is split ----*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_TOKENIZER_ADDEDTOKENS_H
#define QOPT_RUNTIME_TOKENIZER_ADDEDTOKENS_H

#include "runtime/tokenizer/ByteTrie.h"
#include "runtime/tokenizer/Regex.h"
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace qopt {

class Normalizer;

/// A token that is recognized as a whole in the text, with the flags of HF tokenizers.
struct AddedToken {
  int32_t id = -1;
  std::string content;
  bool special = false;    ///< Control text, left out of decoded text on request.
  bool singleWord = false; ///< Not within a word.
  bool lstrip = false;     ///< Takes in the white space before it.
  bool rstrip = false;     ///< Takes in the white space behind it.
  bool normalized = false; ///< Looked for in the normalized text instead of the original.
};

/// Finds the added tokens in a text: leftmost, longest first.
class AddedTokens {
public:
  AddedTokens() = default;
  AddedTokens(std::vector<AddedToken> tokens, const Normalizer &normalizer);

  /// A piece of text, or an added token in its place.
  struct Segment {
    ByteRange range;
    int32_t id; ///< noToken for text.
  };

  enum class Stage { Original, Normalized };

  /// Cuts `text` (valid UTF-8) at the tokens of one stage; empty pieces are left out. Without
  /// `parseSpecial`, special tokens are text.
  std::vector<Segment> split(std::string_view text, Stage stage, bool parseSpecial) const;

  bool isSpecial(int32_t id) const;
  const std::vector<AddedToken> &all() const { return tokens; }

private:
  bool isWithinWord(std::string_view text, ByteRange range) const;

  std::vector<AddedToken> tokens;
  std::unordered_map<int32_t, size_t> indexOfId;
  ByteTrie originalTrie;   ///< Values are indices into `tokens`.
  ByteTrie normalizedTrie; ///< Likewise.
  std::optional<Regex> wordCharacter;
};

} // namespace qopt

#endif // QOPT_RUNTIME_TOKENIZER_ADDEDTOKENS_H
