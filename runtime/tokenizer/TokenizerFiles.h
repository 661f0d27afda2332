//===- TokenizerFiles.h - a loader for each file format ---------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_TOKENIZER_TOKENIZERFILES_H
#define QOPT_RUNTIME_TOKENIZER_TOKENIZERFILES_H

#include "runtime/formats/GgufValue.h"
#include "runtime/tokenizer/TokenizerConfig.h"
#include <string>
#include <string_view>

namespace qopt {

// Each takes the bytes of a file and its path, which starts the error messages. `config` holds what
// the files beside it say.

/// `tokenizer.json` with a model of type BPE.
TokenizerParts parseTokenizerJson(std::string_view text, const std::string &path,
                                  const TokenizerConfig &config);

/// `tokenizer.model`, a SentencePiece model (protocol buffer) of type BPE.
TokenizerParts parseSentencePieceModel(std::string_view bytes, const std::string &path,
                                       const TokenizerConfig &config);

/// `tokenizer.model` of Llama 3: lines of a token in base64, a space and its rank (tiktoken).
TokenizerParts parseTiktokenFile(std::string_view text, const std::string &path,
                                 const TokenizerConfig &config);

/// `vocab.json` and `merges.txt` of GPT2Tokenizer and Qwen2Tokenizer.
TokenizerParts parseVocabAndMerges(std::string_view vocab, const std::string &vocabPath,
                                   std::string_view merges, const std::string &mergesPath,
                                   const TokenizerConfig &config);

/// The `tokenizer.ggml` keys of a GGUF file: a model `llama` (SentencePiece pieces and scores) or
/// `gpt2` (tokens and merges, cut as the pre-tokenizer gpt-2, llama-bpe or qwen2 says).
TokenizerParts makeGgufTokenizer(const GgufMetadata &metadata);

} // namespace qopt

#endif // QOPT_RUNTIME_TOKENIZER_TOKENIZERFILES_H
