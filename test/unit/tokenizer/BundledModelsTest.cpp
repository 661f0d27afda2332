//===- BundledModelsTest.cpp - the recorded ids of the bundled models -----===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "VectorCases.h"
#include "runtime/tokenizer/StreamDecoder.h"

using namespace qopt;
using namespace qopt::test;

class BundledModels : public testing::TestWithParam<const char *> {
protected:
  std::unique_ptr<Tokenizer> tokenizer = Tokenizer::load(bundledModel(GetParam()));
  Json reference = readJsonFile(bundledModel(GetParam()) + "/reference.json");
};

TEST_P(BundledModels, EncodeThePrompt) {
  EXPECT_EQ(tokenizer->encode(reference["prompt"].get<std::string>()),
            reference["prompt_ids"].get<std::vector<int32_t>>());
}

TEST_P(BundledModels, EncodeTheStories) {
  auto first = reference["heldout_first_ids"].get<std::vector<int32_t>>();
  std::vector<int32_t> ids = tokenizer->encode(readAll(bundledModel("heldout.txt")));
  ASSERT_GE(ids.size(), first.size());
  ids.resize(first.size());
  EXPECT_EQ(ids, first);
}

TEST_P(BundledModels, DecodeTheContinuation) {
  StreamDecoder stream(*tokenizer);
  stream.prime(reference["prompt_ids"].get<std::vector<int32_t>>());
  std::string text;
  for (int32_t id : reference["greedy_ids"])
    text += stream.feed(id);
  EXPECT_EQ(text + stream.finish(), reference["greedy_text"].get<std::string>());
}

TEST_P(BundledModels, StoriesSurviveTheRoundTrip) {
  std::string text = readAll(bundledModel("heldout.txt"));
  EXPECT_EQ(tokenizer->decode(tokenizer->encode(text)), text);
}

TEST_P(BundledModels, FitTheirEmbedding) {
  EXPECT_EQ(tokenizer->vocabSize(), 1024);
  tokenizer->checkFits(1024);
  expectContains(errorOf([&] { tokenizer->checkFits(1000); }),
                 {"tokenizer.json", "1024 tokens", "1000 rows"});
}

INSTANTIATE_TEST_SUITE_P(All, BundledModels,
                         testing::Values("tiny-llama", "tiny-gpt2", "tiny-qwen2", "tiny-qwen3"),
                         [](const auto &info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(BundledModels, SpecialTokens) {
  auto llama = Tokenizer::load(bundledModel("tiny-llama"));
  EXPECT_EQ(llama->bosId(), 1);
  EXPECT_EQ(llama->eosId(), 2);
  EXPECT_TRUE(llama->addsBos());
  EXPECT_TRUE(llama->isSpecial(1));
  EXPECT_FALSE(llama->isSpecial(500));
  EXPECT_EQ(llama->tokenText(1), "<s>");
  EXPECT_EQ(llama->findToken("</s>"), 2);
  EXPECT_EQ(llama->findToken("no such token"), noToken);
  EXPECT_EQ(llama->encode(""), std::vector<int32_t>{1});
  EXPECT_TRUE(llama->encode("", {.addSpecial = false}).empty());
  std::vector<int32_t> ids = {1, 500, 2};
  EXPECT_EQ(llama->decode(ids, {.skipSpecial = false}), "<s> " + llama->decode(ids) + "</s>");

  auto qwen = Tokenizer::load(bundledModel("tiny-qwen2"));
  EXPECT_EQ(qwen->bosId(), std::nullopt);
  EXPECT_EQ(qwen->eosId(), 1021);
  EXPECT_FALSE(qwen->addsBos());
  EXPECT_EQ(qwen->encode("<|im_end|>"), std::vector<int32_t>{1023});
  EXPECT_GT(qwen->encode("<|im_end|>", {.parseSpecial = false}).size(), 1u);
}
