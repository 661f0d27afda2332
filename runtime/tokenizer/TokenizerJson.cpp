//===- TokenizerJson.cpp - tokenizer.json ---------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include "runtime/tokenizer/BpeModel.h"
#include "runtime/tokenizer/PipelineJson.h"
#include "runtime/tokenizer/TokenizerFiles.h"
#include "runtime/tokenizer/VocabularyJson.h"
#include <limits>

using namespace qopt;

static std::vector<AddedToken> parseAddedTokens(const JsonObject &tokenizer) {
  std::vector<AddedToken> tokens;
  if (!tokenizer.has("added_tokens"))
    return tokens;
  const Json &list = *tokenizer.json().find("added_tokens");
  if (!list.is_array())
    tokenizer.failAt("added_tokens", "must be a list of tokens");
  for (size_t i = 0; i < list.size(); ++i) {
    JsonObject entry(list[i], tokenizer.file(), fmt::format("added_tokens[{}]", i));
    int64_t id = entry.integer("id", 0, std::numeric_limits<int32_t>::max());
    tokens.push_back(parseAddedToken(entry, static_cast<int32_t>(id)));
  }
  return tokens;
}

static BpeModel::Options parseModelOptions(const JsonObject &model, const Vocabulary &vocabulary) {
  for (std::string_view key : {"continuing_subword_prefix", "end_of_word_suffix"})
    if (!model.optionalString(key).value_or("").empty())
      model.failAt(key, "is set, which is not supported");
  if (model.optionalNumber("dropout", 0, 1).value_or(0) != 0)
    model.failAt("dropout", "is not 0: encoding would be random");
  auto flag = [&](std::string_view key) { return model.optionalBoolean(key).value_or(false); };
  BpeModel::Options options;
  options.fuseUnknown = flag("fuse_unk");
  options.byteFallback = flag("byte_fallback");
  options.ignoreMerges = flag("ignore_merges");
  if (auto unknown = model.optionalString("unk_token")) {
    options.unknown = vocabulary.findInModel(*unknown);
    if (options.unknown == noToken)
      model.failAt("unk_token",
                   fmt::format("is {}, which is not in the vocabulary", quote(*unknown)));
  }
  return options;
}

TokenizerParts qopt::parseTokenizerJson(std::string_view text, const std::string &path,
                                        const TokenizerConfig &config) {
  TokenizerDocument document = parseTokenizerDocument(text, path);
  JsonObject tokenizer(document.rest, path);
  JsonObject model = tokenizer.object("model");
  // Files older than the key have no other kind of model with merges.
  std::string type = model.optionalString("type").value_or("BPE");
  if (type != "BPE")
    model.failAt("type", fmt::format("is {}, which is not supported; BPE is", quote(type)));
  if (!document.vocab)
    model.failAt("vocab", "must be an object of tokens and ids");
  if (!document.merges)
    model.failAt("merges", "must be a list of merges");

  TokenizerParts parts;
  parts.source = path;
  std::vector<AddedToken> added = parseAddedTokens(tokenizer);
  parts.vocabulary =
      std::make_shared<const Vocabulary>(makeVocabulary(std::move(*document.vocab), added, path));
  auto bpe = std::make_unique<BpeModel>(parts.vocabulary,
                                        parseModelOptions(model, *parts.vocabulary), path);
  bpe->reserveMerges(document.merges->size());
  for (const auto &[left, right] : *document.merges)
    bpe->addMerge(left, right);
  parts.model = std::move(bpe);
  parts.normalizer = parseNormalizer(tokenizer);
  parts.addedTokens = AddedTokens(std::move(added), parts.normalizer);
  parts.preTokenizer = parsePreTokenizer(tokenizer);
  parts.decoder = parseDecoder(tokenizer);
  parsePostProcessor(tokenizer, parts);
  applySpecialTokens(config, parts);
  return parts;
}
