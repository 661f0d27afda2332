//===- EvaluationTextTest.cpp - heldout.txt cut up for the bundled models -===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/EvaluationText.h"
#include "runtime/formats/Error.h"
#include "runtime/formats/Json.h"
#include "runtime/formats/MappedFile.h"
#include "runtime/tokenizer/Tokenizer.h"
#include <gtest/gtest.h>

using namespace qopt;

namespace {

const std::string models = QOPT_SOURCE_DIR "/test/models/";

std::string heldout() {
  const MappedFile file(models + "heldout.txt");
  return {reinterpret_cast<const char *>(file.bytes().data()), file.bytes().size()};
}

int64_t numScored(const EvaluationText &text) {
  int64_t count = 0;
  for (const Window &window : text.windows)
    count += int64_t(window.numScored());
  return count;
}

/// The message of the Error that `action` throws.
template <typename Action> std::string errorOf(Action action) {
  try {
    action();
  } catch (const Error &error) {
    return error.what();
  }
  return "no error";
}

class BundledModel : public testing::TestWithParam<const char *> {
protected:
  std::string directory = models + GetParam();
  std::unique_ptr<Tokenizer> tokenizer = Tokenizer::load(directory);
  Json reference = readJsonFile(directory + "/reference.json");
  bool hasBos = GetParam() == std::string("tiny-llama");
};

INSTANTIATE_TEST_SUITE_P(EvaluationText, BundledModel,
                         testing::Values("tiny-llama", "tiny-gpt2", "tiny-qwen2", "tiny-qwen3"),
                         [](const auto &info) { return std::string(info.param).substr(5); });

TEST_P(BundledModel, ScoresAsManyTokensAsTheReference) {
  for (Convention convention : {Convention::LlamaCpp, Convention::Gptq})
    for (int64_t ctx : {128, 512}) {
      const EvaluationText text =
          prepareText(convention, heldout(), "heldout.txt", *tokenizer, ctx);
      const std::string name = fmt::format("{} ctx={}", toString(convention), ctx);
      EXPECT_EQ(numScored(text), reference["perplexity"][name]["tokens"].get<int64_t>()) << name;
      EXPECT_EQ(text.bos, hasBos);
      EXPECT_FALSE(text.size);
    }
}

TEST_P(BundledModel, BeginsWithTheTokensOfTheReference) {
  const auto expected = reference["heldout_first_ids"].get<std::vector<int32_t>>();
  const EvaluationText text =
      prepareText(Convention::Gptq, heldout(), "heldout.txt", *tokenizer, 512);
  EXPECT_EQ(text.windows[0].tokens, expected);
}

TEST_P(BundledModel, OverwritesFirstTokensOnlyWithBos) {
  const EvaluationText chunks =
      prepareText(Convention::LlamaCpp, heldout(), "heldout.txt", *tokenizer, 128);
  const EvaluationText windows =
      prepareText(Convention::Gptq, heldout(), "heldout.txt", *tokenizer, 128);
  for (size_t i = 0; i < chunks.windows.size(); ++i) {
    std::vector<int32_t> expected = windows.windows[i].tokens;
    if (hasBos)
      expected[0] = 1;
    ASSERT_EQ(chunks.windows[i].tokens, expected) << i;
  }
}

TEST_P(BundledModel, CountsWordsAndBytesOfTheFileForLmEval) {
  const EvaluationText text =
      prepareText(Convention::LmEval, heldout(), "heldout.txt", *tokenizer, 512);
  ASSERT_TRUE(text.size);
  EXPECT_EQ(text.size->pages, 1);
  EXPECT_EQ(text.size->words, 23527); // len(re.split(r"\s+", text)) in Python.
  EXPECT_EQ(text.size->bytes, 118412);
  // BOS, or for want of one what ends a text.
  EXPECT_EQ(text.windows[0].tokens[0],
            tokenizer->bosId().value_or(tokenizer->eosId().value_or(-1)));
  EXPECT_EQ(text.windows[0].firstScored, 1u);
  EXPECT_EQ(text.windows[0].tokens.size(), 513u);
}

TEST_P(BundledModel, NamesTheTokensOfAShortText) {
  auto prepare = [&](Convention convention, int64_t ctx, std::string_view text) {
    return errorOf([&] { prepareText(convention, text, "short.txt", *tokenizer, ctx); });
  };
  const std::string story = heldout().substr(0, 400);
  const auto tokens = tokenizer->encode(story).size();
  EXPECT_EQ(prepare(Convention::LlamaCpp, 512, story),
            fmt::format("short.txt: {} tokens are too few for llama.cpp at ctx=512, which needs "
                        "1024; ctx={} would do",
                        tokens, tokens / 2));
  EXPECT_EQ(prepare(Convention::Gptq, 512, story),
            fmt::format("short.txt: {0} tokens are too few for gptq at ctx=512, which needs 512; "
                        "ctx={0} would do",
                        tokens));
  EXPECT_EQ(prepare(Convention::LmEval, 512, ""), "short.txt: no tokens to score");
  EXPECT_EQ(prepare(Convention::LlamaCpp, 2, story),
            "ctx=2 is too small for llama.cpp; the least is 3");
}

} // namespace
