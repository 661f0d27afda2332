//===- TokenizerFamiliesTest.cpp - vocabularies in memory -----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tokenizer/TokenizerFamilies.h"

#include "VectorCases.h"

using namespace qopt;
using namespace qopt::test;

static PieceVocabulary smallPieces() {
  PieceVocabulary vocabulary;
  vocabulary.source = "vocabulary";
  vocabulary.pieces = {{"<unk>", 0, PieceType::Unknown},  {"<s>", 0, PieceType::Control},
                       {"\u2581", -1, PieceType::Normal}, {"a", -2, PieceType::Normal},
                       {"b", -3, PieceType::Normal},      {"ab", -9, PieceType::Normal},
                       {"ba", -8, PieceType::Normal},     {"[X]", 0, PieceType::UserDefined}};
  return vocabulary;
}

TEST(TokenizerFamilies, HigherScoresAreMergedFirst) {
  Tokenizer tokenizer(makePieceTokenizer(smallPieces()));
  EXPECT_EQ(tokenizer.encode("aba"), (std::vector<int32_t>{2, 3, 6}));
  EXPECT_EQ(tokenizer.encode("abb"), (std::vector<int32_t>{2, 5, 4}));
  EXPECT_EQ(tokenizer.encode("a[X]b"), (std::vector<int32_t>{2, 3, 7, 4}));
  EXPECT_EQ(tokenizer.encode("xyza"), (std::vector<int32_t>{2, 0, 3}));
  EXPECT_EQ(tokenizer.encode("<s>a"), (std::vector<int32_t>{1, 2, 3}));
  EXPECT_EQ(tokenizer.encode("<s>", {.parseSpecial = false}), (std::vector<int32_t>{2, 0}));
  EXPECT_EQ(tokenizer.decode(std::vector<int32_t>{1, 2, 3, 2, 4}), "a b");
}

TEST(TokenizerFamilies, OptionsOfPieces) {
  PieceVocabulary bare = smallPieces();
  bare.addsPrefixSpace = false;
  Tokenizer withoutPrefix(makePieceTokenizer(std::move(bare)));
  EXPECT_EQ(withoutPrefix.encode("a"), std::vector<int32_t>{3});
  EXPECT_EQ(withoutPrefix.decode(std::vector<int32_t>{2, 3}), " a");

  PieceVocabulary once = smallPieces();
  once.prefixesEverySegment = false;
  once.removesExtraWhitespace = true;
  Tokenizer prefixOnce(makePieceTokenizer(std::move(once)));
  EXPECT_EQ(prefixOnce.encode("  a   b <s>a"), (std::vector<int32_t>{2, 3, 2, 4, 1, 3}));
}

TEST(TokenizerFamilies, MergesWithEachPreTokenizer) {
  // Digits come all in one word, in threes, or one by one.
  for (const auto &[family, expected] : {std::pair("gpt-2", std::vector<int32_t>{2}),
                                         std::pair("llama-bpe", std::vector<int32_t>{1, 0, 0}),
                                         std::pair("qwen2", std::vector<int32_t>{0, 0, 0, 0})}) {
    std::vector<Vocabulary::Token> tokens = {{"1"}, {"11"}, {"1111"}, {"<e>", false}};
    Tokenizer tokenizer(
        makeMergeTokenizer({.source = "vocabulary",
                            .vocabulary = Vocabulary(tokens, "vocabulary"),
                            .merges = {{"1", "1"}, {"11", "11"}},
                            .addedTokens = {{.id = 3, .content = "<e>", .special = true}},
                            .family = family}));
    EXPECT_EQ(tokenizer.encode("1111"), expected) << family;
    EXPECT_EQ(tokenizer.encode("<e>"), std::vector<int32_t>{3});
  }
}

TEST(TokenizerFamilies, UnknownFamiliesAreNamed) {
  std::vector<Vocabulary::Token> tokens = {{"a"}};
  std::string error = errorOf([&] {
    makeMergeTokenizer({.source = "model.gguf",
                        .vocabulary = Vocabulary(tokens, "v"),
                        .merges = {},
                        .addedTokens = {},
                        .family = "falcon"});
  });
  expectContains(error, {"model.gguf", "'falcon'", "qwen2"});
}
