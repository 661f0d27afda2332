//===- LoadTokenizer.cpp - choosing among the files of a directory --------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/Error.h"
#include "runtime/formats/GgufHeader.h"
#include "runtime/formats/MappedFile.h"
#include "runtime/tokenizer/TokenizerFiles.h"
#include <filesystem>

using namespace qopt;

static std::string_view textOf(const MappedFile &file) {
  return {reinterpret_cast<const char *>(file.bytes().data()), file.bytes().size()};
}

static TokenizerParts loadParts(const std::string &directory) {
  auto pathOf = [&](const char *name) {
    return (std::filesystem::path(directory) / name).string();
  };
  auto exists = [&](const char *name) {
    std::error_code ignored;
    return std::filesystem::exists(pathOf(name), ignored);
  };
  if (exists("tokenizer.gguf")) {
    MappedFile file(pathOf("tokenizer.gguf"));
    return makeGgufTokenizer(parseGgufHeader(file.bytes(), file.path()).metadata);
  }
  TokenizerConfig config = TokenizerConfig::read(directory);
  if (exists("tokenizer.json")) {
    MappedFile file(pathOf("tokenizer.json"));
    return parseTokenizerJson(textOf(file), file.path(), config);
  }
  if (exists("tokenizer.model")) {
    MappedFile file(pathOf("tokenizer.model"));
    std::string_view bytes = textOf(file);
    // A protocol buffer starts with the tag of one of the message's few fields, which is a control
    // character; base64 does not.
    bool isProtobuf = !bytes.empty() && static_cast<unsigned char>(bytes[0]) < ' ';
    return isProtobuf ? parseSentencePieceModel(bytes, file.path(), config)
                      : parseTiktokenFile(bytes, file.path(), config);
  }
  if (exists("vocab.json")) {
    if (!exists("merges.txt"))
      fail("{}: vocab.json has no merges.txt beside it", directory);
    MappedFile vocab(pathOf("vocab.json"));
    MappedFile merges(pathOf("merges.txt"));
    return parseVocabAndMerges(textOf(vocab), vocab.path(), textOf(merges), merges.path(), config);
  }
  fail("{}: no tokenizer; looked for tokenizer.json, tokenizer.model, vocab.json with "
       "merges.txt, and tokenizer.gguf",
       directory);
}

std::unique_ptr<Tokenizer> Tokenizer::load(const std::string &directory) {
  return std::make_unique<Tokenizer>(loadParts(directory));
}
