//===- VocabularyJson.h - the large parts of tokenizer.json -----*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_TOKENIZER_VOCABULARYJSON_H
#define QOPT_RUNTIME_TOKENIZER_VOCABULARYJSON_H

#include "runtime/formats/Json.h"
#include "runtime/tokenizer/AddedTokens.h"
#include "runtime/tokenizer/Vocabulary.h"
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace qopt {

/// A token's text and its id, whose range is not checked yet.
using TokenEntry = std::pair<std::string, int64_t>;
/// The two texts of a merge.
using MergeEntry = std::pair<std::string, std::string>;

/// A tokenizer.json whose hundred thousands of tokens and merges were read straight into lists: as
/// a JSON document they would take most of the time and the memory of loading.
struct TokenizerDocument {
  std::optional<std::vector<TokenEntry>> vocab;  ///< `model.vocab`
  std::optional<std::vector<MergeEntry>> merges; ///< `model.merges`, as "a b" or ["a", "b"].
  Json rest;                                     ///< Everything else.
};

/// Throws an Error that starts with `file` and names the place if the JSON is broken, nested too
/// deeply, has a key twice, or if a token or a merge is not of the right form.
TokenizerDocument parseTokenizerDocument(std::string_view text, const std::string &file);

/// The same for a vocab.json, which is one object of tokens and ids.
std::vector<TokenEntry> parseVocabJson(std::string_view text, const std::string &file);

/// The tokens of a file and those of `added` that are not among them. Throws an Error that starts
/// with `file` if ids are negative, occur twice or have gaps, or if the two lists disagree.
Vocabulary makeVocabulary(std::vector<TokenEntry> tokens, const std::vector<AddedToken> &added,
                          const std::string &file);

} // namespace qopt

#endif // QOPT_RUNTIME_TOKENIZER_VOCABULARYJSON_H
