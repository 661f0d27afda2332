//===- TokenizerConfig.h - tokenizer_config.json etc. -----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_TOKENIZER_TOKENIZERCONFIG_H
#define QOPT_RUNTIME_TOKENIZER_TOKENIZERCONFIG_H

#include "runtime/formats/Json.h"
#include "runtime/tokenizer/Tokenizer.h"
#include <optional>
#include <string>
#include <vector>

namespace qopt {

/// What the small JSON files beside a vocabulary say: `tokenizer_config.json`,
/// `special_tokens_map.json`, `added_tokens.json`. All are optional, as is everything in them.
struct TokenizerConfig {
  std::string directory;                     ///< For error messages.
  std::optional<std::string> tokenizerClass; ///< "Qwen2Tokenizer"; without a final "Fast".
  std::optional<std::string> bosToken;
  std::optional<std::string> eosToken;
  std::optional<bool> addBos;
  std::optional<bool> addEos;
  std::optional<bool> addPrefixSpace;
  std::optional<bool> legacy;
  std::vector<AddedToken> addedTokens;

  /// Throws an Error that names the file and the key if a file is broken.
  static TokenizerConfig read(const std::string &directory);
};

/// The flags and the text of an added token of a JSON file.
AddedToken parseAddedToken(const JsonObject &object, int32_t id);

/// Sets bos and eos by the names in `config`, if it has them, and makes the prefix and the suffix
/// agree with its addBos and addEos. Throws an Error if a name is no token.
void applySpecialTokens(const TokenizerConfig &config, TokenizerParts &parts);

} // namespace qopt

#endif // QOPT_RUNTIME_TOKENIZER_TOKENIZERCONFIG_H
