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

using namespace qopt;

static const Json &requireMember(const JsonObject &object, std::string_view key, Json::value_t type,
                                 std::string_view expected) {
  auto member = object.json().find(key);
  if (member == object.json().end() || member->type() != type)
    object.failAt(key, fmt::format("must be {}", expected));
  return *member;
}

/// Reads the added tokens; those that are not in `vocab` go into `builder`.
static std::vector<AddedToken> parseAddedTokens(const JsonObject &tokenizer, const Json &vocab,
                                                VocabularyBuilder &builder) {
  std::vector<AddedToken> tokens;
  if (!tokenizer.has("added_tokens"))
    return tokens;
  const Json &list =
      requireMember(tokenizer, "added_tokens", Json::value_t::array, "a list of tokens");
  for (size_t i = 0; i < list.size(); ++i) {
    JsonObject entry(list[i], tokenizer.file(), fmt::format("added_tokens[{}]", i));
    auto id = static_cast<int32_t>(entry.integer("id", 0, std::numeric_limits<int32_t>::max()));
    AddedToken token = parseAddedToken(entry, id);
    if (auto known = vocab.find(token.content); known == vocab.end())
      builder.add(token.content, id, /*inModel=*/false);
    else if (*known != id)
      fail("{}: the added token {} has id {}, but the vocabulary gives it {}", tokenizer.file(),
           quote(token.content), id, known->dump());
    tokens.push_back(std::move(token));
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

/// Adds the merges, each written as "a b" or ["a", "b"].
static void parseMerges(const Json &merges, const std::string &file, BpeModel &model) {
  model.reserveMerges(merges.size());
  for (size_t i = 0; i < merges.size(); ++i) {
    const Json &merge = merges[i];
    if (merge.is_string()) {
      std::string_view text = merge.get_ref<const std::string &>();
      size_t space = text.find(' ');
      if (space != text.npos && text.find(' ', space + 1) == text.npos) {
        model.addMerge(text.substr(0, space), text.substr(space + 1));
        continue;
      }
    } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() &&
               merge[1].is_string()) {
      model.addMerge(merge[0].get_ref<const std::string &>(),
                     merge[1].get_ref<const std::string &>());
      continue;
    }
    fail("{}: merge {} is {}; it must be \"a b\" or [\"a\", \"b\"]", file, i,
         quote(merge.dump(-1, ' ', /*ensure_ascii=*/true)));
  }
}

TokenizerParts qopt::parseTokenizerJson(std::string_view text, const std::string &path,
                                        const TokenizerConfig &config) {
  Json document = parseJson(text, path);
  JsonObject tokenizer(document, path);
  JsonObject model = tokenizer.object("model");
  // Files older than the key have no other kind of model with merges.
  std::string type = model.optionalString("type").value_or("BPE");
  if (type != "BPE")
    model.failAt("type", fmt::format("is {}, which is not supported; BPE is", quote(type)));
  const Json &vocab =
      requireMember(model, "vocab", Json::value_t::object, "an object of tokens and ids");
  const Json &merges = requireMember(model, "merges", Json::value_t::array, "a list of merges");

  VocabularyBuilder builder(path);
  for (const auto &[token, id] : vocab.get_ref<const Json::object_t &>())
    builder.add(token, parseTokenId(id, token, path), /*inModel=*/true);
  std::vector<AddedToken> added = parseAddedTokens(tokenizer, vocab, builder);

  TokenizerParts parts;
  parts.source = path;
  parts.vocabulary = std::make_shared<const Vocabulary>(builder.build());
  auto bpe = std::make_unique<BpeModel>(parts.vocabulary,
                                        parseModelOptions(model, *parts.vocabulary), path);
  parseMerges(merges, path, *bpe);
  parts.model = std::move(bpe);
  parts.normalizer = parseNormalizer(tokenizer);
  parts.addedTokens = AddedTokens(std::move(added), parts.normalizer);
  parts.preTokenizer = parsePreTokenizer(tokenizer);
  parts.decoder = parseDecoder(tokenizer);
  parsePostProcessor(tokenizer, parts);
  applySpecialTokens(config, parts);
  return parts;
}
