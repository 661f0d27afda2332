//===- ModelFileTest.cpp - tokenizer.model, both kinds --------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "VectorCases.h"
#include "runtime/tokenizer/TokenizerFiles.h"
#include <cmath>

using namespace qopt;
using namespace qopt::test;

static std::string modelError(std::string_view contents) {
  return errorOf([&] { loadFile("tokenizer.model", contents); });
}

/// A field of a protocol buffer: a message or a string below 128 bytes.
static std::string field(int number, const std::string &bytes) {
  return std::string{char(number << 3 | 2), char(bytes.size())} + bytes;
}
static std::string field(int number, int value) {
  return std::string{char(number << 3), char(value)};
}
static std::string field(int number, float value) {
  std::string bytes(1, char(number << 3 | 5));
  return bytes.append(reinterpret_cast<const char *>(&value), sizeof(value));
}
static std::string piece(const std::string &text, float score, int type) {
  return field(1, field(1, text) + field(2, score) + field(3, type));
}
static const std::string bpe = field(2, field(3, 2));
static const std::string twoPieces = piece("<unk>", 0, 2) + piece("a", -1, 1);

TEST(SentencePieceModel, SoundOnesLoad) {
  auto tokenizer = loadFile("tokenizer.model", twoPieces + piece("\u2581", -2, 1) + bpe);
  EXPECT_EQ(tokenizer->encode("a"), (std::vector<int32_t>{2, 1}));
  EXPECT_EQ(tokenizer->bosId(), std::nullopt);
}

TEST(SentencePieceModel, EveryTruncationIsAnErrorOrLoads) {
  std::string model = readAll(dataFile("plain_pieces.model"));
  auto error = [](std::string_view bytes) {
    return errorOf([&] { parseSentencePieceModel(bytes, "tokenizer.model", {}); });
  };
  ASSERT_EQ(error(model), "");
  int errors = 0;
  for (size_t size = 0; size < model.size(); ++size)
    errors += !error(model.substr(0, size)).empty();
  // Those between pieces are shorter models; all but the last lack the type, which is at the end.
  EXPECT_GT(errors, int(model.size()) - 10);
  expectContains(modelError(model.substr(0, 700)), {"tokenizer.model", "truncated"});
}

TEST(SentencePieceModel, UnsupportedModelsAreNamed) {
  expectContains(modelError(twoPieces), {"unigram", "BPE"});
  expectContains(modelError(twoPieces + field(2, field(3, 4))), {"char"});
  expectContains(modelError(twoPieces + field(2, field(3, 9))), {"9"});
  expectContains(modelError(twoPieces + bpe + field(3, field(1, "nmt_nfkc") + field(2, "xyz"))),
                 {"'nmt_nfkc'", "identity"});
  expectContains(modelError(twoPieces + bpe + field(3, field(5, 0))), {"escape_whitespaces"});
}

TEST(SentencePieceModel, BadPieces) {
  expectContains(modelError(bpe), {"without pieces"});
  expectContains(modelError(twoPieces + piece("a", -1, 1) + bpe), {"'a' occurs twice", "1 and 2"});
  expectContains(modelError(twoPieces + piece("", -1, 1) + bpe), {"piece 2", "empty"});
  expectContains(modelError(twoPieces + piece("\xff", -1, 1) + bpe), {"piece 2", "'\\xff'"});
  expectContains(modelError(twoPieces + piece("b", NAN, 1) + bpe), {"'b'", "nan"});
  expectContains(modelError(twoPieces + piece("b", 0, 7) + bpe), {"piece 2", "type 7"});
  expectContains(modelError(twoPieces + piece("<0xZZ>", 0, 6) + bpe), {"'<0xZZ>'", "byte"});
  expectContains(modelError(twoPieces + field(1, 5) + bpe), {"wire type"});
}

/// All bytes as tokens in rank order, the first line replaced by `first`.
static std::string tiktokenLines(const std::string &first) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text = first;
  for (int byte = 1; byte < 256; ++byte)
    text += fmt::format("{}{}== {}\n", digits[byte >> 2], digits[(byte & 3) << 4], byte);
  return text;
}

TEST(TiktokenFile, Loads) {
  // "ab" is the bytes 61 62.
  auto tokenizer = loadFile("tokenizer.model", tiktokenLines("AA== 0\n") + "YWI= 256\n");
  EXPECT_EQ(tokenizer->vocabSize(), 257 + 256);
  EXPECT_EQ(tokenizer->encode("abba"), (std::vector<int32_t>{257, 256, 0x62, 0x61}));
  EXPECT_EQ(tokenizer->encode(std::string_view("\0", 1), {.addSpecial = false}),
            std::vector<int32_t>{0});
  EXPECT_EQ(tokenizer->tokenText(257), "<|begin_of_text|>");
  EXPECT_EQ(tokenizer->decode(std::vector<int32_t>{257, 256, 0xff}), "ab\ufffd");
}

TEST(TiktokenFile, BadLines) {
  auto error = [](const std::string &first) { return modelError(tiktokenLines(first)); };
  EXPECT_EQ(error("AA== 0\n"), "");
  expectContains(error("!!!! 0\n"), {"tokenizer.model: line 1: '!!!! 0'", "base64"});
  expectContains(error("AA= 0\n"), {"line 1", "base64"});
  expectContains(error("AA==\n"), {"line 1", "base64"});
  expectContains(error("AA== zero\n"), {"line 1", "'AA== zero'"});
  expectContains(error("AA== 0 0\n"), {"line 1"});
  expectContains(error("AA== -1\n"), {"id -1"});
  expectContains(error("AA== 1\n"), {"same id 1"});
  expectContains(error("AA== 99999\n"), {"256 tokens", "rank 99999"});
  expectContains(error(""), {"255 tokens", "rank 255"});
  expectContains(error("AQ== 0\n"), {"occurs twice"});
  expectContains(error("YWI= 0\n"), {"byte 0x00"});
  expectContains(modelError(""), {"tokenizer.model", "no tokens"});
  expectContains(modelError("hello world"), {"line 1: 'hello world'"});
}
