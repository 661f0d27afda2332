//===- StreamDecoderTest.cpp - text while it is generated -----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tokenizer/StreamDecoder.h"
#include "VectorCases.h"

using namespace qopt;
using namespace qopt::test;

static std::vector<int32_t> byteTokens(const Tokenizer &tokenizer, std::string_view bytes) {
  std::vector<int32_t> ids;
  for (char byte : bytes)
    ids.push_back(tokenizer.findToken(fmt::format("<0x{:02X}>", static_cast<unsigned char>(byte))));
  return ids;
}

class StreamDecoderTest : public testing::Test {
protected:
  std::unique_ptr<Tokenizer> llama = Tokenizer::load(bundledModel("tiny-llama"));
  std::unique_ptr<Tokenizer> gpt2 = Tokenizer::load(bundledModel("tiny-gpt2"));
};

TEST_F(StreamDecoderTest, HoldsBackAnIncompleteCharacter) {
  StreamDecoder stream(*llama);
  std::vector<int32_t> ids = byteTokens(*llama, "\xf0\x9f\x91\x8d!");
  EXPECT_EQ(stream.feed(ids[0]), "");
  EXPECT_EQ(stream.feed(ids[1]), "");
  EXPECT_EQ(stream.feed(ids[2]), "");
  EXPECT_EQ(stream.feed(ids[3]), "\xf0\x9f\x91\x8d");
  EXPECT_EQ(stream.feed(ids[4]), "!");
  EXPECT_EQ(stream.finish(), "");
}

TEST_F(StreamDecoderTest, WhatNeverCompletesIsReplaced) {
  StreamDecoder pieces(*llama);
  for (int32_t id : byteTokens(*llama, "\xf0\x9f\x91"))
    EXPECT_EQ(pieces.feed(id), "");
  EXPECT_EQ(pieces.finish(), "\ufffd\ufffd\ufffd"); // One for each byte, as SentencePiece has it.

  StreamDecoder bytes(*gpt2);
  for (std::string_view letter : {"\u00f0", "\u0141", "\u0133"}) // f0 9f 91 in GPT-2's alphabet.
    EXPECT_EQ(bytes.feed(gpt2->findToken(letter)), "");
  EXPECT_EQ(bytes.feed(gpt2->findToken("A")), "\ufffdA"); // One for all, as in Rust and Python.
}

TEST_F(StreamDecoderTest, OnlyTheFirstSpaceOfATextGoes) {
  int32_t mark = llama->findToken("\u2581");
  int32_t once = llama->findToken("\u2581Once");
  ASSERT_NE(mark, noToken);
  StreamDecoder stream(*llama);
  EXPECT_EQ(stream.feed(1), ""); // BOS
  EXPECT_EQ(stream.feed(mark), "");
  EXPECT_EQ(stream.feed(mark), " ");
  StreamDecoder primed(*llama);
  primed.prime(llama->encode("Hello"));
  EXPECT_EQ(primed.feed(mark), " ");
  if (once != noToken) {
    EXPECT_EQ(primed.feed(once), " Once");
  }
}

TEST_F(StreamDecoderTest, RefusesIdsBeyondTheVocabulary) {
  StreamDecoder stream(*llama);
  for (int32_t id : {-1, 1024})
    expectContains(errorOf([&] { stream.feed(id); }),
                   {"tokenizer.json", fmt::format("no token {}", id), "0 to 1023"});
}
