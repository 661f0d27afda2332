//===- TokenizerConfig.cpp - tokenizer_config.json and its companions -----===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tokenizer/TokenizerConfig.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/MappedFile.h"
#include "runtime/formats/Quote.h"
#include "runtime/tokenizer/VocabularyJson.h"
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <limits>
#include <set>

using namespace qopt;

AddedToken qopt::parseAddedToken(const JsonObject &object, int32_t id) {
  auto flag = [&](std::string_view key) { return object.optionalBoolean(key).value_or(false); };
  AddedToken token;
  token.id = id;
  token.content = object.string("content");
  token.special = flag("special");
  token.singleWord = flag("single_word");
  token.lstrip = flag("lstrip");
  token.rstrip = flag("rstrip");
  token.normalized = object.optionalBoolean("normalized").value_or(!token.special);
  if (token.content.empty())
    object.failAt("content", "is empty, but a token must have a text");
  return token;
}

static bool exists(const std::string &path) {
  std::error_code ignored; // Of a directory that cannot be read, say; then nothing is there.
  return std::filesystem::exists(path, ignored);
}

namespace {

/// A file's object, or nothing if there is no such file.
class OptionalJsonFile {
public:
  explicit OptionalJsonFile(const std::string &path) {
    if (!exists(path))
      return;
    document = readJsonFile(path);
    object.emplace(document, path);
  }
  OptionalJsonFile(const OptionalJsonFile &) = delete;

  const JsonObject *get() const { return object ? &*object : nullptr; }

private:
  Json document;
  std::optional<JsonObject> object;
};

} // namespace

/// A token that is written as its text or as an object with flags.
static std::optional<std::string> readTokenName(const JsonObject &file, std::string_view key) {
  if (!file.has(key))
    return std::nullopt;
  if (file.json().find(key)->is_object())
    return file.object(key).string("content");
  return file.string(key);
}

static int32_t parseIdKey(const std::string &text, const std::string &file) {
  int32_t id = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size() || id < 0)
    fail("{}: 'added_tokens_decoder' has the key {}, which is no token id", file, quote(text));
  return id;
}

/// Reads what both tokenizer_config.json and special_tokens_map.json may say; the first one wins.
static void readSpecialTokens(const JsonObject &file, TokenizerConfig &config,
                              std::set<std::string> &special) {
  auto bos = readTokenName(file, "bos_token");
  auto eos = readTokenName(file, "eos_token");
  if (!config.bosToken)
    config.bosToken = bos;
  if (!config.eosToken)
    config.eosToken = eos;
  for (std::string_view key :
       {"bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token", "mask_token"})
    if (auto name = readTokenName(file, key))
      special.insert(*name);
  if (!file.has("additional_special_tokens"))
    return;
  const Json &list = *file.json().find("additional_special_tokens");
  if (!list.is_array())
    file.failAt("additional_special_tokens", "must be a list of tokens");
  for (const Json &entry : list)
    special.insert(
        entry.is_string()
            ? entry.get<std::string>()
            : JsonObject(entry, file.file(), "additional_special_tokens").string("content"));
}

static void readAddedTokensDecoder(const JsonObject &file, TokenizerConfig &config) {
  auto tokens = file.optionalObject("added_tokens_decoder");
  if (!tokens)
    return;
  for (const auto &[key, value] : tokens->json().items()) {
    JsonObject token(value, file.file(), "added_tokens_decoder." + key);
    config.addedTokens.push_back(parseAddedToken(token, parseIdKey(key, file.file())));
  }
}

/// The older file that says only the ids; flags follow from the other files.
static void readAddedTokensJson(const std::string &path, const std::set<std::string> &special,
                                TokenizerConfig &config) {
  MappedFile file(path);
  std::string_view text(reinterpret_cast<const char *>(file.bytes().data()), file.bytes().size());
  for (auto &[content, id] : parseVocabJson(text, path)) {
    if (id < 0 || id > std::numeric_limits<int32_t>::max() || content.empty())
      fail("{}: the token {} has id {}; ids are 0 to 2147483647 and texts are not empty", path,
           quote(content), id);
    auto hasContent = [&](const AddedToken &token) { return token.content == content; };
    if (std::any_of(config.addedTokens.begin(), config.addedTokens.end(), hasContent))
      continue;
    config.addedTokens.push_back(
        {.id = static_cast<int32_t>(id), .content = content, .special = special.contains(content)});
  }
}

TokenizerConfig TokenizerConfig::read(const std::string &directory) {
  TokenizerConfig config;
  config.directory = directory;
  std::set<std::string> special;
  OptionalJsonFile main(directory + "/tokenizer_config.json");
  if (const JsonObject *file = main.get()) {
    config.tokenizerClass = file->optionalString("tokenizer_class");
    if (config.tokenizerClass && config.tokenizerClass->ends_with("Fast"))
      config.tokenizerClass->resize(config.tokenizerClass->size() - 4);
    config.addBos = file->optionalBoolean("add_bos_token");
    config.addEos = file->optionalBoolean("add_eos_token");
    config.addPrefixSpace = file->optionalBoolean("add_prefix_space");
    config.legacy = file->optionalBoolean("legacy");
    readSpecialTokens(*file, config, special);
    readAddedTokensDecoder(*file, config);
  }
  OptionalJsonFile map(directory + "/special_tokens_map.json");
  if (const JsonObject *file = map.get())
    readSpecialTokens(*file, config, special);
  if (std::string path = directory + "/added_tokens.json"; exists(path))
    readAddedTokensJson(path, special, config);
  return config;
}

static int32_t requireSpecial(const std::string &name, std::string_view key,
                              const TokenizerConfig &config, const TokenizerParts &parts) {
  int32_t id = parts.vocabulary->find(name);
  if (id == noToken)
    fail("{}: the {} of tokenizer_config.json or special_tokens_map.json is {}, which is not a "
         "token of {}",
         config.directory, key, quote(name), parts.source);
  return id;
}

void qopt::applySpecialTokens(const TokenizerConfig &config, TokenizerParts &parts) {
  if (config.bosToken)
    parts.bos = requireSpecial(*config.bosToken, "bos_token", config, parts);
  if (config.eosToken)
    parts.eos = requireSpecial(*config.eosToken, "eos_token", config, parts);

  auto &prefix = parts.prefix;
  bool hasBos = parts.bos && !prefix.empty() && prefix.front() == *parts.bos;
  if (config.addBos == true && !parts.bos)
    fail("{}/tokenizer_config.json: 'add_bos_token' is true, but there is no 'bos_token'",
         config.directory);
  if (config.addBos == true && !hasBos)
    prefix.insert(prefix.begin(), *parts.bos);
  if (config.addBos == false && hasBos)
    prefix.erase(prefix.begin());

  auto &suffix = parts.suffix;
  bool hasEos = parts.eos && !suffix.empty() && suffix.back() == *parts.eos;
  if (config.addEos == true && !parts.eos)
    fail("{}/tokenizer_config.json: 'add_eos_token' is true, but there is no 'eos_token'",
         config.directory);
  if (config.addEos == true && !hasEos)
    suffix.push_back(*parts.eos);
  if (config.addEos == false && hasEos)
    suffix.pop_back();
}
