//===- GgufTokenizerPairs.cpp - tokenizer.json as GGUF metadata -----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tokenizer/GgufTokenizerPairs.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/MappedFile.h"
#include "runtime/formats/Quote.h"
#include "runtime/tokenizer/PieceModel.h"
#include "runtime/tokenizer/PreTokenizer.h"
#include "runtime/tokenizer/TokenizerFiles.h"
#include "runtime/tokenizer/VocabularyJson.h"
#include <algorithm>
#include <filesystem>

using namespace qopt;

/// What pieces that no merge makes have in llama.cpp's own conversions.
static constexpr float kWorstScore = -1e6f;

/// The steps of a normalizer or a pre-tokenizer: a sequence's, or the one that it is.
static std::vector<JsonObject> stepsOf(const JsonObject &tokenizer, std::string_view key,
                                       std::string_view list) {
  auto step = tokenizer.json().find(key);
  if (step == tokenizer.json().end() || step->is_null())
    return {};
  auto parts = step->find(list);
  if (parts == step->end())
    return {JsonObject(*step, tokenizer.file(), std::string(key))};
  std::vector<JsonObject> steps;
  for (const Json &part : *parts)
    steps.emplace_back(part, tokenizer.file(), fmt::format("{}[{}]", key, steps.size()));
  return steps;
}

namespace {

class PairsBuilder {
public:
  /// `text` and what `parts` and `document` refer to must outlive it.
  PairsBuilder(std::string_view text, const std::string &path, const TokenizerConfig &files,
               const ModelConfig &config, GgufPairs &pairs)
      : document(parseTokenizerDocument(text, path)), parts(parseTokenizerJson(text, path, files)),
        tokenizer(document.rest, path), config(config), pairs(pairs) {}

  void add() {
    isPieces = tokenizer.object("model").optionalBoolean("byte_fallback").value_or(false);
    collectTokens();
    pairs.add("tokenizer.ggml.model", isPieces ? "llama" : "gpt2");
    if (isPieces)
      addPieces();
    else
      addMerges();
    pairs.add("tokenizer.ggml.tokens", std::span<const std::string>(tokens));
    pairs.add("tokenizer.ggml.token_type", std::span<const int32_t>(types));
    addSpecialTokens();
  }

private:
  void collectTokens() {
    if (parts.vocabulary->size() > config.vocabSize)
      fail("{}: has {} tokens, but the model has {}", tokenizer.file(), parts.vocabulary->size(),
           config.vocabSize);
    for (int32_t id = 0; id < parts.vocabulary->size(); ++id) {
      std::string_view text = parts.vocabulary->text(id);
      bool isByte = isPieces && text.size() == 6 && text.starts_with("<0x");
      tokens.emplace_back(text);
      types.push_back(int32_t(isByte ? PieceType::Byte : PieceType::Normal));
    }
    for (const AddedToken &token : parts.addedTokens.all())
      types[token.id] = int32_t(token.special ? PieceType::Control : PieceType::UserDefined);
    while (int64_t(tokens.size()) < config.vocabSize) {
      tokens.push_back(fmt::format("[PAD{}]", tokens.size()));
      types.push_back(int32_t(PieceType::Unused));
    }
  }

  void addPieces() {
    auto unknown = tokenizer.object("model").optionalString("unk_token");
    if (unknown)
      types[parts.vocabulary->find(*unknown)] = int32_t(PieceType::Unknown);
    std::vector<float> scores(tokens.size(), kWorstScore);
    float rank = 0;
    for (const auto &[left, right] : *document.merges) {
      float &score = scores[parts.vocabulary->find(left + right)];
      score = std::max(score, -rank++);
    }
    pairs.add("tokenizer.ggml.pre", "default");
    pairs.add("tokenizer.ggml.scores", std::span<const float>(scores));
    pairs.add("tokenizer.ggml.add_space_prefix", prefixesSpace());
  }

  bool prefixesSpace() const {
    for (const JsonObject &step : stepsOf(tokenizer, "normalizer", "normalizers"))
      if (step.optionalString("type") == "Prepend")
        return true;
    for (const JsonObject &step : stepsOf(tokenizer, "pre_tokenizer", "pretokenizers"))
      if (step.optionalString("type") == "Metaspace")
        return step.optionalString("prepend_scheme").value_or("always") != "never";
    return false;
  }

  void addMerges() {
    std::vector<std::string> merges;
    for (const auto &[left, right] : *document.merges)
      merges.push_back(left + " " + right);
    pairs.add("tokenizer.ggml.pre", findPreTokenizer());
    pairs.add("tokenizer.ggml.merges", std::span<const std::string>(merges));
  }

  /// llama.cpp's name for how text is cut.
  std::string_view findPreTokenizer() const {
    for (const JsonObject &step : stepsOf(tokenizer, "pre_tokenizer", "pretokenizers")) {
      auto type = step.optionalString("type");
      if (type == "ByteLevel" && step.optionalBoolean("use_regex").value_or(true))
        return "gpt-2";
      if (type != "Split")
        continue;
      std::string pattern = step.object("pattern").optionalString("Regex").value_or("");
      for (std::string_view family : {"llama-bpe", "qwen2"})
        if (pattern == splitPatternOf(family))
          return family;
      break;
    }
    tokenizer.failAt("pre_tokenizer", "is none that GGUF has a name for here: gpt-2, llama-bpe "
                                      "and qwen2 are");
  }

  /// The ids that config.json gives come first: they are the model's.
  void addSpecialTokens() {
    const int64_t none = -1;
    const int64_t bos = config.bosTokenId.value_or(parts.bos.value_or(none));
    std::vector<int64_t> ends = config.eosTokenIds;
    if (ends.empty() && parts.eos)
      ends.push_back(*parts.eos);
    if (!parts.prefix.empty() && (parts.prefix.size() > 1 || parts.prefix[0] != bos))
      fail("{}: puts other tokens than the beginning-of-text token {} before a text; GGUF cannot "
           "say that",
           tokenizer.file(), bos);
    if (bos != none)
      pairs.add("tokenizer.ggml.bos_token_id", uint32_t(bos));
    if (!ends.empty())
      pairs.add("tokenizer.ggml.eos_token_id", uint32_t(ends[0]));
    if (ends.size() > 1)
      pairs.add("tokenizer.ggml.eot_token_id", uint32_t(ends[1]));
    pairs.add("tokenizer.ggml.add_bos_token", !parts.prefix.empty());
    pairs.add("tokenizer.ggml.add_eos_token", !parts.suffix.empty());
  }

  TokenizerDocument document;
  TokenizerParts parts;
  JsonObject tokenizer;
  const ModelConfig &config;
  GgufPairs &pairs;
  bool isPieces = false;
  std::vector<std::string> tokens;
  std::vector<int32_t> types;
};

} // namespace

void qopt::addGgufTokenizer(const std::string &directory, const ModelConfig &config,
                            GgufPairs &pairs) {
  std::string path = (std::filesystem::path(directory) / "tokenizer.json").string();
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored))
    fail("{}: there is no tokenizer.json, the one form of a tokenizer that is written as GGUF",
         directory);
  MappedFile file(path);
  std::string_view text(reinterpret_cast<const char *>(file.bytes().data()), file.bytes().size());
  PairsBuilder(text, path, TokenizerConfig::read(directory), config, pairs).add();
}
