//===- VocabAndMerges.cpp - vocab.json and merges.txt ---------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include "runtime/tokenizer/TokenizerFamilies.h"
#include "runtime/tokenizer/TokenizerFiles.h"
#include "runtime/tokenizer/VocabularyJson.h"
#include <algorithm>

using namespace qopt;

static std::vector<std::pair<std::string, std::string>> parseMergeLines(std::string_view text,
                                                                        const std::string &path) {
  std::vector<std::pair<std::string, std::string>> merges;
  for (size_t number = 1; !text.empty(); ++number) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.ends_with('\r'))
      line.remove_suffix(1);
    if (line.empty() || line.starts_with("#version"))
      continue;
    size_t space = line.find(' ');
    if (space == line.npos || line.find(' ', space + 1) != line.npos)
      fail("{}: line {}: {} is not two tokens with a space between them", path, number,
           quote(line));
    merges.emplace_back(line.substr(0, space), line.substr(space + 1));
  }
  return merges;
}

/// How the classes of transformers that read these files cut text.
static std::string familyOf(const TokenizerConfig &config) {
  std::string name = config.tokenizerClass.value_or("GPT2Tokenizer");
  if (name == "GPT2Tokenizer")
    return "gpt-2";
  if (name == "Qwen2Tokenizer")
    return "qwen2";
  fail("{}/tokenizer_config.json: 'tokenizer_class' is {}; with vocab.json and merges.txt, "
       "GPT2Tokenizer and Qwen2Tokenizer are supported",
       config.directory, quote(name));
}

TokenizerParts qopt::parseVocabAndMerges(std::string_view vocabText, const std::string &vocabPath,
                                         std::string_view mergesText, const std::string &mergesPath,
                                         const TokenizerConfig &config) {
  std::string family = familyOf(config);
  std::vector<AddedToken> added = config.addedTokens;
  Vocabulary vocabulary = makeVocabulary(parseVocabJson(vocabText, vocabPath), added, vocabPath);

  // Both classes have this token as EOS unless told otherwise, GPT-2 also as BOS, which it does
  // not add.
  TokenizerConfig effective = config;
  constexpr const char *endOfText = "<|endoftext|>";
  if (int32_t id = vocabulary.find(endOfText); id != noToken) {
    if (added.empty())
      added.push_back({.id = id, .content = endOfText, .special = true});
    if (!config.eosToken)
      effective.eosToken = endOfText;
    if (!config.bosToken && family == "gpt-2")
      effective.bosToken = endOfText;
  }
  TokenizerParts parts =
      makeMergeTokenizer({.source = mergesPath,
                          .vocabulary = std::move(vocabulary),
                          .merges = parseMergeLines(mergesText, mergesPath),
                          .addedTokens = std::move(added),
                          .family = family,
                          .addsPrefixSpace = config.addPrefixSpace.value_or(false)});
  parts.source = vocabPath;
  applySpecialTokens(effective, parts);
  return parts;
}
