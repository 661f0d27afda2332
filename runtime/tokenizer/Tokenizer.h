//===- Tokenizer.h - text to token ids and back -----------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_TOKENIZER_TOKENIZER_H
#define QOPT_RUNTIME_TOKENIZER_TOKENIZER_H

#include "runtime/tokenizer/AddedTokens.h"
#include "runtime/tokenizer/Normalizer.h"
#include "runtime/tokenizer/PreTokenizer.h"
#include "runtime/tokenizer/TokenDecoder.h"
#include "runtime/tokenizer/Vocabulary.h"
#include "runtime/tokenizer/WordModel.h"
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qopt {

struct EncodeOptions {
  /// Adds what the tokenizer puts around a text: BOS for most, nothing for some.
  bool addSpecial = true;
  /// Special tokens written out in the text, as "<|im_start|>", become their ids. Off: they are
  /// text like any other.
  bool parseSpecial = true;
};

struct DecodeOptions {
  bool skipSpecial = true; ///< Special tokens give no text.
};

/// What a tokenizer consists of. The loaders fill this in (TokenizerFiles.h, TokenizerFamilies.h).
struct TokenizerParts {
  std::string source; ///< Where it comes from, for error messages.
  std::shared_ptr<const Vocabulary> vocabulary;
  Normalizer normalizer;
  AddedTokens addedTokens;
  PreTokenizer preTokenizer;
  std::unique_ptr<const WordModel> model;
  TokenDecoder decoder;
  std::vector<int32_t> prefix; ///< What addSpecial puts before a text,
  std::vector<int32_t> suffix; ///< and behind it.
  std::optional<int32_t> bos;
  std::optional<int32_t> eos;
};

/// A tokenizer with the ids and texts of the Hugging Face tokenizers library, SentencePiece or
/// tiktoken. Immutable; thread-safe.
class Tokenizer {
public:
  explicit Tokenizer(TokenizerParts parts);

  /// Loads the tokenizer of a checkpoint or an artifact: `tokenizer.gguf` (the metadata of a GGUF
  /// file), else `tokenizer.json`, else `tokenizer.model`
  /// (a SentencePiece BPE model, or Llama 3's tiktoken file), else `vocab.json` and `merges.txt`;
  /// with `tokenizer_config.json`, `special_tokens_map.json` and `added_tokens.json` where they
  /// matter. Throws an Error that names the file and what is wrong or unsupported in it.
  static std::unique_ptr<Tokenizer> load(const std::string &directory);

  /// Bytes that are no valid UTF-8 count as U+FFFD. Throws Error for a text of 1 GiB or more.
  std::vector<int32_t> encode(std::string_view text, EncodeOptions options = {}) const;

  /// The text of the ids; bytes that form no character are U+FFFD. A first token's leading space
  /// goes where the tokenizer adds one (StreamDecoder::prime keeps it). Throws an Error if an id is
  /// no token's.
  std::string decode(std::span<const int32_t> ids, DecodeOptions options = {}) const;

  int32_t vocabSize() const { return parts.vocabulary->size(); }
  std::optional<int32_t> bosId() const { return parts.bos; }
  std::optional<int32_t> eosId() const { return parts.eos; }
  /// Whether encode() puts BOS first.
  bool addsBos() const {
    return parts.bos && !parts.prefix.empty() && parts.prefix[0] == *parts.bos;
  }

  /// The token as its vocabulary writes it ("Ġthe", "▁the", "<0x0A>"). `id` must be valid.
  std::string_view tokenText(int32_t id) const { return parts.vocabulary->text(id); }
  /// The id of a token written like that, or noToken.
  int32_t findToken(std::string_view text) const { return parts.vocabulary->find(text); }
  bool isSpecial(int32_t id) const { return parts.addedTokens.isSpecial(id); }

  /// Throws an Error unless every id has one of `rows` rows in the embedding.
  void checkFits(int64_t rows) const;

  const std::string &source() const { return parts.source; }
  const TokenDecoder &decoder() const { return parts.decoder; }

private:
  struct Encoding;
  void encodeText(std::string_view text, bool atStart, bool parseSpecial, Encoding &state) const;
  void encodeWord(std::string_view word, Encoding &state) const;

  TokenizerParts parts;
  bool cutsBeforeSpaceMark;
};

} // namespace qopt

#endif // QOPT_RUNTIME_TOKENIZER_TOKENIZER_H
