//===- GgufTokenizer.cpp - tokenizers from GGUF metadata ------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include "runtime/tokenizer/TokenizerFamilies.h"
#include "runtime/tokenizer/TokenizerFiles.h"
#include <limits>

using namespace qopt;

// The keys of llama.cpp's src/llama-arch.cpp.
static constexpr std::string_view modelKey = "tokenizer.ggml.model";
static constexpr std::string_view preKey = "tokenizer.ggml.pre";
static constexpr std::string_view tokensKey = "tokenizer.ggml.tokens";
static constexpr std::string_view typesKey = "tokenizer.ggml.token_type";
static constexpr std::string_view scoresKey = "tokenizer.ggml.scores";
static constexpr std::string_view mergesKey = "tokenizer.ggml.merges";

[[noreturn]] static void failMissing(const GgufMetadata &metadata, std::string_view key) {
  fail("{}: the metadata has no '{}'", metadata.file(), key);
}

static std::vector<std::string_view> readTokens(const GgufMetadata &metadata) {
  auto tokens = metadata.strings(tokensKey);
  if (!tokens)
    failMissing(metadata, tokensKey);
  if (tokens->empty() || tokens->size() > size_t(std::numeric_limits<int32_t>::max()))
    metadata.failAt(tokensKey, fmt::format("has {} tokens", tokens->size()));
  return *std::move(tokens);
}

template <typename T>
static void checkCount(const GgufMetadata &metadata, std::string_view key,
                       const std::vector<T> &list, size_t tokens) {
  if (list.size() != tokens)
    metadata.failAt(key,
                    fmt::format("has {} elements, but there are {} tokens", list.size(), tokens));
}

/// One for each token; all normal where the file has none.
static std::vector<PieceType> readTypes(const GgufMetadata &metadata, size_t tokens) {
  auto numbers = metadata.integers(typesKey);
  if (!numbers)
    return std::vector(tokens, PieceType::Normal);
  checkCount(metadata, typesKey, *numbers, tokens);
  std::vector<PieceType> types;
  for (int64_t number : *numbers) {
    if (number < 1 || number > 6)
      metadata.failAt(typesKey, fmt::format("[{}] is {}; 1 to 6 are known", types.size(), number));
    types.push_back(PieceType(number));
  }
  return types;
}

static std::optional<int32_t> readToken(const GgufMetadata &metadata, std::string_view name,
                                        size_t tokens) {
  auto id = metadata.optionalInteger(fmt::format("tokenizer.ggml.{}_token_id", name), 0,
                                     int64_t(tokens) - 1);
  return id ? std::optional(int32_t(*id)) : std::nullopt;
}

/// A text that the tokenizer finds before anything is cut or merged: control tokens and what users
/// have added.
static AddedToken makeAdded(int32_t id, std::string_view text, PieceType type) {
  return {.id = id, .content = std::string(text), .special = type == PieceType::Control};
}

static TokenizerParts makePieces(const GgufMetadata &metadata) {
  std::vector<std::string_view> tokens = readTokens(metadata);
  std::vector<PieceType> types = readTypes(metadata, tokens.size());
  auto scores = metadata.floats(scoresKey);
  if (!scores)
    failMissing(metadata, scoresKey);
  checkCount(metadata, scoresKey, *scores, tokens.size());
  PieceVocabulary vocabulary;
  vocabulary.source = metadata.file();
  for (size_t i = 0; i < tokens.size(); ++i) {
    vocabulary.pieces.push_back({std::string(tokens[i]), (*scores)[i], types[i]});
    if (types[i] == PieceType::UserDefined)
      vocabulary.addedTokens.push_back(makeAdded(int32_t(i), tokens[i], types[i]));
  }
  vocabulary.addsPrefixSpace =
      metadata.optionalBoolean("tokenizer.ggml.add_space_prefix").value_or(true);
  vocabulary.removesExtraWhitespace =
      metadata.optionalBoolean("tokenizer.ggml.remove_extra_whitespaces").value_or(false);
  return makePieceTokenizer(std::move(vocabulary));
}

static std::pair<std::string, std::string> splitMerge(const GgufMetadata &metadata,
                                                      std::string_view text) {
  // A token may begin with a space in the byte alphabet, never with a plain one.
  size_t space = text.find(' ', 1);
  if (space == text.npos)
    metadata.failAt(mergesKey, fmt::format("has {}, which is not two tokens with a space between "
                                           "them",
                                           quote(text)));
  return {std::string(text.substr(0, space)), std::string(text.substr(space + 1))};
}

static TokenizerParts makeMerges(const GgufMetadata &metadata) {
  std::vector<std::string_view> tokens = readTokens(metadata);
  std::vector<PieceType> types = readTypes(metadata, tokens.size());
  auto merges = metadata.strings(mergesKey);
  if (!merges)
    failMissing(metadata, mergesKey);
  std::vector<Vocabulary::Token> entries;
  std::vector<AddedToken> added;
  for (size_t i = 0; i < tokens.size(); ++i) {
    bool isAdded = types[i] == PieceType::Control || types[i] == PieceType::UserDefined;
    entries.push_back({std::string(tokens[i]), !isAdded});
    if (isAdded)
      added.push_back(makeAdded(int32_t(i), tokens[i], types[i]));
  }
  std::vector<std::pair<std::string, std::string>> pairs;
  for (std::string_view merge : *merges)
    pairs.push_back(splitMerge(metadata, merge));
  return makeMergeTokenizer(
      {.source = metadata.file(),
       .vocabulary = Vocabulary(std::move(entries), metadata.file()),
       .merges = std::move(pairs),
       .addedTokens = std::move(added),
       .family = metadata.string(preKey),
       .addsPrefixSpace =
           metadata.optionalBoolean("tokenizer.ggml.add_space_prefix").value_or(false)});
}

TokenizerParts qopt::makeGgufTokenizer(const GgufMetadata &metadata) {
  std::string model = metadata.string(modelKey);
  bool isPieces = model == "llama";
  if (!isPieces && model != "gpt2")
    metadata.failAt(modelKey, fmt::format("is {}; supported are llama and gpt2", quote(model)));
  TokenizerParts parts = isPieces ? makePieces(metadata) : makeMerges(metadata);
  size_t tokens = size_t(parts.vocabulary->size());
  parts.bos = readToken(metadata, "bos", tokens);
  parts.eos = readToken(metadata, "eos", tokens);
  // What llama.cpp does where the file does not say.
  bool isLlama3 = !isPieces && metadata.string(preKey) == "llama-bpe";
  auto adds = [&](std::string_view name, bool absent) {
    return metadata.optionalBoolean(fmt::format("tokenizer.ggml.add_{}_token", name))
        .value_or(absent);
  };
  if (adds("bos", isPieces || isLlama3) && parts.bos)
    parts.prefix.push_back(*parts.bos);
  if (adds("eos", false) && parts.eos)
    parts.suffix.push_back(*parts.eos);
  return parts;
}
