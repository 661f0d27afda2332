//===- BadTokenizerTest.cpp - files that are refused, and why -------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "VectorCases.h"

using namespace qopt;
using namespace qopt::test;

/// The error of loading this tokenizer.json, with one line broken out of a sound one.
static std::string jsonError(std::string_view contents) {
  return errorOf([&] { loadFile("tokenizer.json", contents); });
}

/// The error of a tokenizer.json with these parts.
static std::string errorOfParts(std::string_view model, std::string_view parts = "") {
  return jsonError(fmt::format(R"({{"model": {{"type": "BPE", {}}}{}}})", model, parts));
}

static constexpr std::string_view soundModel =
    R"("vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"])";

TEST(BadTokenizer, SoundOnesLoad) {
  EXPECT_EQ(errorOfParts(soundModel), "");
  EXPECT_EQ(errorOfParts(R"("vocab": {"a": 0}, "merges": [], "dropout": null)"), "");
}

TEST(BadTokenizer, BrokenJson) {
  expectContains(jsonError(""), {"tokenizer.json: broken JSON"});
  expectContains(jsonError(R"({"model": )"), {"tokenizer.json: broken JSON", "line 1"});
  expectContains(jsonError("[1, 2]"), {"tokenizer.json"});
  expectContains(jsonError(R"({"model": {"vocab": {"a": 0)"), {"broken JSON"});
  expectContains(jsonError(std::string(1000, '[')), {"deeper than 64"});
  expectContains(jsonError(R"({"model": {}, "model": {}})"), {"'model'", "twice"});
  expectContains(jsonError("{\"a\": \"\xff\"}"), {"broken JSON"});
  expectContains(jsonError(R"({"version": "1.0"})"), {"model"});
}

TEST(BadTokenizer, Ids) {
  expectContains(errorOfParts(R"("vocab": {"a": 0, "b": 0}, "merges": [])"),
                 {"'a' and 'b' have the same id 0"});
  expectContains(errorOfParts(R"("vocab": {"a": 0, "b": -1}, "merges": [])"), {"'b' has id -1"});
  expectContains(errorOfParts(R"("vocab": {"a": 0, "b": 2}, "merges": [])"),
                 {"2 tokens", "'b' is 2", "no token has id 1"});
  expectContains(errorOfParts(R"("vocab": {"a": 0, "b": 99999999999}, "merges": [])"),
                 {"'b'", "99999999999"});
  expectContains(errorOfParts(R"("vocab": {"a": 0, "a": 1}, "merges": [])"), {"'a' occurs twice"});
  expectContains(errorOfParts(R"("vocab": {"a": "0"}, "merges": [])"), {"'a' is not an integer"});
  expectContains(errorOfParts(R"("vocab": {"a": 0.5}, "merges": [])"), {"'a' is not an integer"});
  expectContains(errorOfParts(R"("vocab": {"a": [0]}, "merges": [])"), {"'a' is not an integer"});
  expectContains(errorOfParts(R"("vocab": ["a"], "merges": [])"), {"model.vocab"});
  expectContains(errorOfParts(R"("merges": [])"), {"model.vocab"});
}

TEST(BadTokenizer, Merges) {
  auto merges = [](std::string_view list) {
    return errorOfParts(fmt::format(R"("vocab": {{"a": 0, "b": 1, "ab": 2}}, "merges": {})", list));
  };
  expectContains(merges(R"(["a c"])"), {"merge 0 of 'a' and 'c'", "'c'", "not in the vocabulary"});
  expectContains(merges(R"(["a b", "b a"])"), {"merge 1", "'ba'"});
  expectContains(merges(R"(["ab"])"), {"merge 0"});
  expectContains(merges(R"(["a b c"])"), {"merge 0"});
  expectContains(merges(R"([["a", "b"], ["a"]])"), {"merge 1"});
  expectContains(merges(R"([["a", "b", "c"]])"), {"merge 0"});
  expectContains(merges(R"([["a", 1]])"), {"merge 0"});
  expectContains(merges("[7]"), {"merge 0"});
  expectContains(merges("{}"), {"model.merges"});
}

TEST(BadTokenizer, AddedTokens) {
  auto added = [](std::string_view list) {
    return errorOfParts(soundModel, fmt::format(R"(, "added_tokens": {})", list));
  };
  expectContains(added(R"([{"id": 1, "content": "<x>"}])"), {"'<x>' has the id 1", "'b'"});
  expectContains(added(R"([{"id": 7, "content": "<x>"}])"), {"'<x>' is 7", "no token has id 3"});
  expectContains(added(R"([{"id": -1, "content": "<x>"}])"), {"added_tokens[0].id"});
  expectContains(added(R"([{"id": 3, "content": "a"}])"), {"'a' occurs twice"});
  expectContains(added(R"([{"id": 3, "content": ""}])"), {"added_tokens[0].content"});
  expectContains(added(R"([{"id": 3}])"), {"added_tokens[0].content"});
  expectContains(added(R"([{"id": 3, "content": "x"}, {"id": 3, "content": "y"}])"), {"id 3"});
  expectContains(added("{}"), {"added_tokens"});
}

TEST(BadTokenizer, UnsupportedPartsAreNamed) {
  auto refuses = [](std::string_view parts, std::initializer_list<std::string_view> names) {
    expectContains(errorOfParts(soundModel, parts), names);
  };
  for (std::string_view type : {"Unigram", "WordPiece", "WordLevel"})
    expectContains(jsonError(fmt::format(R"({{"model": {{"type": "{}"}}}})", type)),
                   {"model.type", type, "BPE"});
  refuses(R"(, "normalizer": {"type": "Lowercase"})", {"normalizer.type", "'Lowercase'", "NFC"});
  refuses(
      R"(, "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Nmt"}]})",
      {"normalizer.normalizers[1]", "'Nmt'"});
  refuses(R"(, "pre_tokenizer": {"type": "BertPreTokenizer"})",
          {"pre_tokenizer", "BertPreTokenizer"});
  refuses(R"(, "post_processor": {"type": "BertProcessing"})",
          {"post_processor", "BertProcessing"});
  refuses(R"(, "decoder": {"type": "WordPiece"})", {"decoder", "'WordPiece'"});
  refuses(R"(, "decoder": {"type": "Strip", "content": " ", "start": 1, "stop": 0})",
          {"Strip", "Fuse"});
  refuses(
      R"(, "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "ByteLevel"}, {"type": "Digits"}]})",
      {"pretokenizers[1]", "ByteLevel", "last"});
  expectContains(errorOfParts(fmt::format(R"({}, "end_of_word_suffix": "</w>")", soundModel)),
                 {"end_of_word_suffix"});
  expectContains(errorOfParts(fmt::format(R"({}, "dropout": 0.1)", soundModel)), {"dropout"});
  expectContains(errorOfParts(fmt::format(R"({}, "unk_token": "?")", soundModel)),
                 {"unk_token", "'?'"});
}

TEST(BadTokenizer, BrokenSteps) {
  auto refuses = [](std::string_view parts, std::initializer_list<std::string_view> names) {
    expectContains(errorOfParts(soundModel, parts), names);
  };
  auto split = [](std::string_view rest) {
    return fmt::format(R"(, "pre_tokenizer": {{"type": "Split", {}}})", rest);
  };
  refuses(split(R"("pattern": {"Regex": "a(b"}, "behavior": "Isolated")"),
          {"tokenizer.json", "'a(b'"});
  refuses(split(R"("pattern": {"String": ""}, "behavior": "Isolated")"),
          {"tokenizer.json", "empty"});
  refuses(split(R"("pattern": {"String": "a"}, "behavior": "Shredded")"),
          {"behavior", "'Shredded'"});
  refuses(split(R"("pattern": "a", "behavior": "Isolated")"), {"pattern"});
  refuses(R"(, "normalizer": {"type": "Sequence"})", {"normalizer", "list of steps"});
  refuses(R"(, "normalizer": "NFC")", {"normalizer"});
  refuses(R"(, "decoder": {"type": "Metaspace", "replacement": "", "prepend_scheme": "first"})",
          {"empty"});
  refuses(R"(, "decoder": {"type": "Metaspace", "replacement": "_", "prepend_scheme": "often"})",
          {"prepend_scheme", "'often'"});
  auto post = [](std::string_view single, std::string_view ids) {
    return fmt::format(
        R"(, "post_processor": {{"type": "TemplateProcessing", "single": {}, "special_tokens": {{"x": {{"ids": {}}}}}}})",
        single, ids);
  };
  constexpr std::string_view good = R"([{"SpecialToken": {"id": "x"}}, {"Sequence": {"id": "A"}}])";
  EXPECT_EQ(errorOfParts(soundModel, post(good, "[0]")), "");
  refuses(post(good, "[3]"), {"ids"});
  refuses(post(good, "[-1]"), {"ids"});
  refuses(post(R"([{"SpecialToken": {"id": "y"}}, {"Sequence": {"id": "A"}}])", "[0]"),
          {"post_processor.special_tokens.y"});
  refuses(post(R"([{"SpecialToken": {"id": "x"}}])", "[0]"), {"0 'Sequence' entries"});
  refuses(post("5", "[0]"), {"single"});
}

TEST(BadTokenizer, MergesFile) {
  TempDir directory;
  directory.write("vocab.json", R"({"a": 0, "b": 1, "ab": 2})");
  for (auto [merges, problem] : {std::pair("a\n", "merges.txt: line 1: 'a'"),
                                 std::pair("#version: 0.2\na b c\n", "merges.txt: line 2"),
                                 std::pair("a b\nb b\n", "merge 1 of 'b' and 'b'")}) {
    directory.write("merges.txt", merges);
    expectContains(errorOf([&] { Tokenizer::load(directory.path()); }), {problem});
  }
  directory.write("merges.txt", "a b\n");
  directory.write("vocab.json", "[]");
  expectContains(errorOf([&] { Tokenizer::load(directory.path()); }), {"vocab.json", "object"});
}

TEST(BadTokenizer, InvalidUtf8InTheTextIsReplaced) {
  auto tokenizer = Tokenizer::load(bundledModel("tiny-gpt2"));
  std::string_view broken("\xff\xfe caf\xc3 \xed\xa0\x80 \xf0\x9f\x91", 15);
  std::string repaired = "\ufffd\ufffd caf\ufffd \ufffd\ufffd\ufffd \ufffd";
  EXPECT_EQ(tokenizer->encode(broken), tokenizer->encode(repaired));
}
