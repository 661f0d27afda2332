//===- LoadTokenizerTest.cpp - which files count, and what they say -------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "VectorCases.h"

using namespace qopt;
using namespace qopt::test;

/// A byte-level vocabulary of "a", "b", "ab" and <|endoftext|>.
static constexpr std::string_view vocab =
    R"({"a": 0, "b": 1, "ab": 2, "<|endoftext|>": 3, "1": 4})";
static constexpr std::string_view merges = "#version: 0.2\na b\n";

TEST(LoadTokenizer, NamesWhatItLookedFor) {
  TempDir directory;
  expectContains(
      errorOf([&] { Tokenizer::load(directory.path()); }),
      {directory.path(), "tokenizer.json", "tokenizer.model", "vocab.json", "merges.txt"});
  directory.write("vocab.json", vocab);
  expectContains(errorOf([&] { Tokenizer::load(directory.path()); }), {"vocab.json", "merges.txt"});
  std::string tooLong(5000, 'x');
  expectContains(errorOf([&] { Tokenizer::load(tooLong); }), {"no tokenizer"});
}

TEST(LoadTokenizer, VocabAndMergesAreGpt2sByDefault) {
  TempDir directory;
  directory.write("vocab.json", vocab);
  directory.write("merges.txt", merges);
  auto tokenizer = Tokenizer::load(directory.path());
  EXPECT_EQ(tokenizer->encode("abab<|endoftext|>11"), (std::vector<int32_t>{2, 2, 3, 4, 4}));
  EXPECT_EQ(tokenizer->bosId(), 3);
  EXPECT_EQ(tokenizer->eosId(), 3);
  EXPECT_FALSE(tokenizer->addsBos());
}

TEST(LoadTokenizer, TheClassChoosesTheSplit) {
  TempDir directory;
  directory.write("vocab.json", R"({"1": 0, "11": 1, "<|endoftext|>": 2})");
  directory.write("merges.txt", "1 1\r\n");
  EXPECT_EQ(Tokenizer::load(directory.path())->encode("11"), std::vector<int32_t>{1});
  directory.write("tokenizer_config.json", R"({"tokenizer_class": "Qwen2TokenizerFast"})");
  auto qwen = Tokenizer::load(directory.path());
  EXPECT_EQ(qwen->encode("11"), (std::vector<int32_t>{0, 0}));
  EXPECT_EQ(qwen->bosId(), std::nullopt);
  directory.write("tokenizer_config.json", R"({"tokenizer_class": "BertTokenizer"})");
  expectContains(errorOf([&] { Tokenizer::load(directory.path()); }),
                 {"tokenizer_config.json", "BertTokenizer", "Qwen2Tokenizer"});
}

TEST(LoadTokenizer, AddedTokensComeFromTheirFiles) {
  TempDir directory;
  directory.write("vocab.json", vocab);
  directory.write("merges.txt", merges);
  directory.write("added_tokens.json", R"({"<x>": 5, "<y>": 6})");
  directory.write("special_tokens_map.json",
                  R"({"eos_token": {"content": "<x>"}, "additional_special_tokens": ["<x>"]})");
  auto tokenizer = Tokenizer::load(directory.path());
  EXPECT_EQ(tokenizer->vocabSize(), 7);
  EXPECT_EQ(tokenizer->encode("a<x><y>"), (std::vector<int32_t>{0, 5, 6}));
  EXPECT_TRUE(tokenizer->isSpecial(5));
  EXPECT_FALSE(tokenizer->isSpecial(6));
  EXPECT_EQ(tokenizer->eosId(), 5);
}

TEST(LoadTokenizer, TheConfigSaysWhetherToAddBosAndEos) {
  TempDir directory;
  directory.write("vocab.json", vocab);
  directory.write("merges.txt", merges);
  auto configure = [&](std::string_view flags) {
    directory.write(
        "tokenizer_config.json",
        fmt::format(R"({{"bos_token": "a", "eos_token": {{"content": "b"}}{}}})", flags));
    return Tokenizer::load(directory.path());
  };
  EXPECT_EQ(configure("")->encode("ab"), std::vector<int32_t>{2});
  EXPECT_EQ(configure(R"(, "add_bos_token": true)")->encode("ab"), (std::vector<int32_t>{0, 2}));
  EXPECT_EQ(configure(R"(, "add_eos_token": true)")->encode("ab"), (std::vector<int32_t>{2, 1}));

  std::string json = readAll(bundledModel("tiny-llama/tokenizer.json"));
  directory.write("tokenizer.json", json);
  directory.write("tokenizer_config.json", R"({"bos_token": "<s>", "add_bos_token": false})");
  EXPECT_TRUE(Tokenizer::load(directory.path())->encode("").empty());
}

TEST(LoadTokenizer, BrokenConfigs) {
  TempDir directory;
  directory.write("vocab.json", vocab);
  directory.write("merges.txt", merges);
  for (auto [name, contents, problem] :
       {std::tuple("tokenizer_config.json", "{", "tokenizer_config.json: broken JSON"),
        std::tuple("tokenizer_config.json", "[]", "tokenizer_config.json"),
        std::tuple("tokenizer_config.json", R"({"add_bos_token": 1})", "add_bos_token"),
        std::tuple("tokenizer_config.json", R"({"bos_token": "<none>"})", "'<none>'"),
        std::tuple("tokenizer_config.json", R"({"bos_token": 5})", "bos_token"),
        std::tuple("tokenizer_config.json",
                   R"({"added_tokens_decoder": {"x": {"content": "<x>"}}})", "'x'"),
        std::tuple("tokenizer_config.json",
                   R"({"added_tokens_decoder": {"1": {"content": "<x>"}}})",
                   "'<x>' has the id 1, which is that of 'b'"),
        std::tuple("tokenizer_config.json",
                   R"({"added_tokens_decoder": {"9": {"content": "<x>"}}})", "'<x>' is 9"),
        std::tuple("added_tokens.json", R"({"<x>": "5"})", "'<x>'"),
        std::tuple("added_tokens.json", R"({"<x>": -5})", "-5"),
        std::tuple("special_tokens_map.json", R"({"additional_special_tokens": 3})",
                   "additional_special_tokens")}) {
    directory.write(name, contents);
    expectContains(errorOf([&] { Tokenizer::load(directory.path()); }), {problem});
    std::filesystem::remove(directory.path(name));
  }
}
