//===- TokenizerFuzz.cpp - any bytes as a tokenizer -----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/Error.h"
#include "runtime/tokenizer/StreamDecoder.h"
#include "runtime/tokenizer/TokenizerFiles.h"
#include "runtime/tokenizer/Utf8.h"

using namespace qopt;

/// Encodes and decodes with a tokenizer that was accepted: nothing may crash, and what comes out
/// must be tokens and text.
static void useTokenizer(const Tokenizer &tokenizer, std::string_view text) {
  std::vector<int32_t> ids = tokenizer.encode(text);
  StreamDecoder stream(tokenizer);
  std::string decoded;
  for (int32_t id : ids) {
    if (id < 0 || id >= tokenizer.vocabSize())
      __builtin_trap();
    decoded += stream.feed(id);
  }
  decoded += stream.finish();
  if (!isValidUtf8(decoded) || decoded != tokenizer.decode(ids))
    __builtin_trap();
}

/// The first byte chooses the format; a line of one 0xff divides the file from the text to encode.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0)
    return 0;
  std::string_view input(reinterpret_cast<const char *>(data) + 1, size - 1);
  size_t end = std::min(input.find("\n\xff\n"), input.size());
  std::string_view file = input.substr(0, end);
  std::string_view text = input.substr(std::min(end + 3, input.size()));
  TokenizerConfig config;
  try {
    TokenizerParts parts;
    switch (data[0]) {
    case 'j':
      parts = parseTokenizerJson(file, "tokenizer.json", config);
      break;
    case 's':
      parts = parseSentencePieceModel(file, "tokenizer.model", config);
      break;
    case 't':
      parts = parseTiktokenFile(file, "tokenizer.model", config);
      break;
    case 'v':
      parts = parseVocabAndMerges(file, "vocab.json", text, "merges.txt", config);
      break;
    default:
      return 0;
    }
    Tokenizer tokenizer(std::move(parts));
    useTokenizer(tokenizer, text);
    // A text that has the tokens in it.
    useTokenizer(tokenizer, file);
  } catch (const Error &error) {
    if (std::string_view(error.what()).find('\n') != std::string_view::npos)
      __builtin_trap();
  }
  return 0;
}
