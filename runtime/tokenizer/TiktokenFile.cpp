//===- TiktokenFile.cpp - tokenizer.model of Llama 3 ----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include "runtime/tokenizer/ByteAlphabet.h"
#include "runtime/tokenizer/PieceModel.h"
#include "runtime/tokenizer/TokenizerFiles.h"
#include <charconv>
#include <numeric>

using namespace qopt;

/// The bytes that `text` encodes, or nothing if it is not base64.
static std::optional<std::string> decodeBase64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0)
    return std::nullopt;
  size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  text.remove_suffix(padding);
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  uint32_t bits = 0;
  int bitCount = 0;
  for (char c : text) {
    size_t digit = digits.find(c);
    if (digit == digits.npos)
      return std::nullopt;
    bits = (bits << 6 | static_cast<uint32_t>(digit)) & 0xffff;
    bitCount += 6;
    if (bitCount >= 8) {
      bitCount -= 8;
      bytes.push_back(static_cast<char>(bits >> bitCount));
    }
  }
  return bytes;
}

/// Adds the lines of the file, each the base64 of a token, a space and its rank, which is its id.
static size_t addRankedTokens(std::string_view text, const std::string &path,
                              VocabularyBuilder &builder) {
  size_t count = 0;
  int64_t lastRank = -1;
  for (size_t number = 1; !text.empty(); ++number) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.ends_with('\r'))
      line.remove_suffix(1);
    if (line.empty())
      continue;
    size_t space = line.find(' ');
    std::string_view rankText = space == line.npos ? "" : line.substr(space + 1);
    std::optional<std::string> bytes = decodeBase64(line.substr(0, space));
    int64_t rank = 0;
    auto [end, error] = std::from_chars(rankText.data(), rankText.data() + rankText.size(), rank);
    if (!bytes || error != std::errc() || end != rankText.data() + rankText.size())
      fail("{}: line {}: {} is not a token in base64, a space and its rank", path, number,
           quote(line));
    std::string letters;
    appendInByteAlphabet(*bytes, letters);
    builder.add(std::move(letters), rank, /*inModel=*/true);
    ++count;
    lastRank = std::max(lastRank, rank);
  }
  if (lastRank >= static_cast<int64_t>(count))
    fail("{}: {} tokens, but one has the rank {}; ranks must have no gaps", path, count, lastRank);
  return count;
}

/// The special tokens of Llama 3, which its file leaves out.
static std::vector<AddedToken> llama3SpecialTokens(size_t firstId) {
  std::vector<std::string> names = {"<|begin_of_text|>",
                                    "<|end_of_text|>",
                                    "<|reserved_special_token_0|>",
                                    "<|reserved_special_token_1|>",
                                    "<|reserved_special_token_2|>",
                                    "<|reserved_special_token_3|>",
                                    "<|start_header_id|>",
                                    "<|end_header_id|>",
                                    "<|reserved_special_token_4|>",
                                    "<|eot_id|>"};
  for (int i = 5; names.size() < 256; ++i)
    names.push_back(fmt::format("<|reserved_special_token_{}|>", i));
  std::vector<AddedToken> tokens;
  for (std::string &name : names)
    tokens.push_back({.id = static_cast<int32_t>(firstId + tokens.size()),
                      .content = std::move(name),
                      .special = true});
  return tokens;
}

TokenizerParts qopt::parseTiktokenFile(std::string_view text, const std::string &path,
                                       const TokenizerConfig &config) {
  VocabularyBuilder builder(path);
  size_t rankedCount = addRankedTokens(text, path, builder);
  if (rankedCount == 0)
    fail("{}: no tokens; expected a SentencePiece model or lines of a token in base64 and its rank",
         path);
  std::vector<AddedToken> added =
      config.addedTokens.empty() ? llama3SpecialTokens(rankedCount) : config.addedTokens;
  for (const AddedToken &token : added)
    builder.add(token.content, token.id, /*inModel=*/false);

  TokenizerParts parts;
  parts.source = path;
  parts.vocabulary = std::make_shared<const Vocabulary>(builder.build());
  for (int byte = 0; byte < 256; ++byte) {
    std::string letter;
    appendInByteAlphabet(std::string(1, static_cast<char>(byte)), letter);
    if (parts.vocabulary->findInModel(letter) == noToken)
      fail("{}: there is no token for the byte 0x{:02x}; all 256 are needed", path, byte);
  }

  auto count = static_cast<size_t>(parts.vocabulary->size());
  PieceModel::Pieces pieces;
  pieces.types.assign(count, PieceType::Normal);
  pieces.ranks.resize(count);
  std::iota(pieces.ranks.begin(), pieces.ranks.end(), 0);
  pieces.prefersWholeWords = true;
  parts.model = std::make_unique<PieceModel>(parts.vocabulary, std::move(pieces), path);
  parts.addedTokens = AddedTokens(std::move(added), parts.normalizer);
  parts.preTokenizer.addSplit(Pattern::regex(splitPatternOf("llama-bpe")),
                              PreTokenizer::Behavior::Isolated);
  parts.preTokenizer.addByteLevel(/*addPrefixSpace=*/false, /*useRegex=*/false);
  parts.decoder.setAlphabet(TokenDecoder::Alphabet::ByteLevel);

  TokenizerConfig effective = config;
  auto setDefault = [&](std::optional<std::string> &name, const char *known) {
    if (!name && parts.vocabulary->find(known) != noToken)
      name = known;
  };
  setDefault(effective.bosToken, "<|begin_of_text|>");
  setDefault(effective.eosToken, "<|end_of_text|>");
  effective.addBos = config.addBos.value_or(effective.bosToken.has_value());
  applySpecialTokens(effective, parts);
  return parts;
}
