//===- GeneratorTest.cpp - texts of a toy model ---------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/sampling/Generator.h"

#include "ToyArtifact.h"
#include "runtime/device/cpu/CpuDevice.h"

using namespace qopt;
using namespace qopt::test;

namespace {

/// The toy, with the tokenizer of a bundled model that has as many tokens.
class GeneratorTest : public testing::Test {
protected:
  std::vector<GeneratedText> run(const std::vector<std::vector<int32_t>> &prompts,
                                 GenerationOptions options, int64_t context = 0) {
    Session session(artifact.plan(), *device, {context, 16, int64_t(prompts.size())});
    Generator generator(session, *tokenizer, std::move(options));
    streamed.assign(prompts.size(), "");
    std::vector<GeneratedText> texts = generator.run(
        prompts, [&](size_t prompt, std::string_view part) { streamed[prompt] += part; });
    times = generator.times();
    EXPECT_EQ(session.cache().pagesUsed(), 0);
    for (size_t i = 0; i < prompts.size(); ++i)
      EXPECT_EQ(streamed[i], texts[i].text);
    return texts;
  }

  ToyArtifact toy;
  Artifact artifact = Artifact::open(toy.path(), 1);
  std::unique_ptr<Device> device = openCpuDevice(artifact, {2, ""});
  std::unique_ptr<Tokenizer> tokenizer = Tokenizer::load(bundledModel("tiny-gpt2"));
  std::vector<std::string> streamed;
  GenerationTimes times;
};

} // namespace

/// The toy's greedy continuation.
static std::vector<int32_t> continuation(std::vector<int32_t> history, size_t count) {
  std::vector<int32_t> result;
  while (result.size() < count) {
    result.push_back(toyNext(history));
    history.push_back(result.back());
  }
  return result;
}

TEST_F(GeneratorTest, GreedyFollowsTheModel) {
  std::vector<GeneratedText> texts = run({{5, 6, 7}}, {.maxTokens = 40});
  EXPECT_EQ(texts[0].ids, continuation({5, 6, 7}, 40));
  EXPECT_EQ(texts[0].text, tokenizer->decode(texts[0].ids));
  EXPECT_EQ(texts[0].reason, FinishReason::MaxTokens);
  EXPECT_EQ(times.prefillTokens, 3);
  EXPECT_EQ(times.decodeTokens, 39);
  EXPECT_EQ(times.decodeSteps, 39);
}

TEST_F(GeneratorTest, ABatchGivesWhatEachPromptGivesAlone) {
  std::vector<std::vector<int32_t>> prompts = {{5, 6, 7}, {900}, std::vector<int32_t>(50, 11)};
  std::vector<GeneratedText> texts = run(prompts, {.maxTokens = 20});
  for (size_t i = 0; i < prompts.size(); ++i)
    EXPECT_EQ(texts[i].ids, continuation(prompts[i], 20));
}

TEST_F(GeneratorTest, EndTokensEndTheirTextOnly) {
  std::vector<std::vector<int32_t>> prompts = {{5, 6, 7}, {900}};
  int64_t end = continuation(prompts[0], 6)[5];
  std::vector<GeneratedText> texts = run(prompts, {.maxTokens = 20, .endTokens = {end}});
  EXPECT_EQ(texts[0].reason, FinishReason::EndToken);
  ASSERT_EQ(texts[0].ids.size(), 6u);
  EXPECT_EQ(texts[0].ids.back(), end);
  EXPECT_EQ(texts[0].text, tokenizer->decode(std::span(texts[0].ids).first(5)));
  EXPECT_EQ(texts[1].ids, continuation(prompts[1], 20));
}

TEST_F(GeneratorTest, StopStringsEndTheText) {
  std::string whole = run({{5, 6, 7}}, {.maxTokens = 40})[0].text;
  std::string stop = whole.substr(20, 7); // Begins and ends within tokens.
  GeneratedText text = run({{5, 6, 7}}, {.maxTokens = 40, .stopStrings = {stop}})[0];
  EXPECT_EQ(text.reason, FinishReason::StopString);
  EXPECT_EQ(text.text, whole.substr(0, whole.find(stop)));
  EXPECT_LT(text.ids.size(), 40u);
}

TEST_F(GeneratorTest, TheContextEndsTheText) {
  GeneratedText text = run({{5, 6, 7}}, {.maxTokens = 40}, 10)[0];
  EXPECT_EQ(text.reason, FinishReason::Context);
  EXPECT_EQ(text.ids, continuation({5, 6, 7}, 8)); // The last is not fed any more.
  expectContains(errorOf([&] { run({std::vector<int32_t>(11, 1)}, {}, 10); }),
                 {"prompt 1", "11 tokens", "10"});
}

TEST_F(GeneratorTest, NoTokensMayBeAskedFor) {
  GeneratedText text = run({{5, 6, 7}}, {.maxTokens = 0})[0];
  EXPECT_TRUE(text.ids.empty());
  EXPECT_EQ(times.prefillTokens, 3);
}

TEST_F(GeneratorTest, TheSeedDecidesWhatIsDrawn) {
  GenerationOptions options{.maxTokens = 30, .sampling = {.temperature = 3, .seed = 1}};
  std::vector<int32_t> first = run({{5, 6, 7}}, options)[0].ids;
  EXPECT_EQ(run({{5, 6, 7}}, options)[0].ids, first);
  options.sampling.seed = 2;
  EXPECT_NE(run({{5, 6, 7}}, options)[0].ids, first);
}
