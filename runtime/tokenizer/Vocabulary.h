//===- Vocabulary.h - tokens by id and by text ------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_TOKENIZER_VOCABULARY_H
#define QOPT_RUNTIME_TOKENIZER_VOCABULARY_H

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace qopt {

/// What lookups return for texts that are no token.
constexpr int32_t noToken = -1;

/// The tokens of a tokenizer, by id and by text. Ids are 0 to size() - 1 without gaps, texts are
/// distinct. Immutable.
class Vocabulary {
public:
  struct Token {
    std::string text;
    /// Whether merging may produce this token, or only its id (or an added token) names it.
    bool inModel = true;
  };

  /// `tokens` by id. Throws an Error that starts with `source` if two have one text.
  Vocabulary(std::vector<Token> tokens, std::string_view source);

  int32_t size() const { return static_cast<int32_t>(tokens.size()); }
  std::string_view text(int32_t id) const { return tokens[id].text; }

  /// The id of a token, or noToken.
  int32_t find(std::string_view text) const;
  /// The same among the tokens that the model may produce.
  int32_t findInModel(std::string_view text) const;

private:
  struct Slot {
    uint32_t hash; ///< The upper half, so that most lookups of no token touch no text.
    int32_t id = noToken;
  };

  size_t slotOf(std::string_view text) const;

  std::vector<Token> tokens;
  std::vector<Slot> slots; ///< A hash table with linear probing; its size is a power of two.
};

/// Collects tokens whose ids come from a file, in any order.
class VocabularyBuilder {
public:
  /// `source` starts the error messages.
  explicit VocabularyBuilder(std::string source) : source(std::move(source)) {}

  /// Throws Error if `id` is negative or beyond int32.
  void add(std::string text, int64_t id, bool inModel);

  /// Throws an Error that names the tokens if an id or a text occurs twice or an id is left out.
  Vocabulary build();

private:
  std::string source;
  std::vector<std::pair<int32_t, Vocabulary::Token>> entries;
};

} // namespace qopt

#endif // QOPT_RUNTIME_TOKENIZER_VOCABULARY_H
