//===- PerplexityTest.cpp - perplexities of a small arithmetic model ------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/Perplexity.h"
#include "runtime/formats/Error.h"
#include <array>
#include <gtest/gtest.h>

using namespace qopt;

namespace {

/// A model of seven tokens whose logits depend on every token of the context and on its place:
/// logit j is ((s * 11 + j * 17) % 29 - 14) / 4 where s is the sum of (i + 1) * token i.
class ArithmeticModel : public LogitsSource {
public:
  std::vector<size_t> batches;

  void visitLogits(std::span<const Window> windows, const Visitor &visit) override {
    batches.push_back(windows.size());
    // Windows interleaved and backwards: no order of visits is promised.
    for (size_t position = 64; position-- > 1;)
      for (size_t i = 0; i < windows.size(); ++i)
        if (position >= windows[i].firstScored && position < windows[i].tokens.size())
          visit(i, position, logits(std::span(windows[i].tokens).first(position)));
  }

private:
  static std::array<float, 7> logits(std::span<const int32_t> context) {
    int sum = 0;
    for (size_t i = 0; i < context.size(); ++i)
      sum += int(i + 1) * context[i];
    std::array<float, 7> result;
    for (int j = 0; j < 7; ++j)
      result[size_t(j)] = float((sum * 11 + j * 17) % 29 - 14) / 4.0f;
    return result;
  }
};

const std::vector<int32_t> sampleTokens = {0, 3, 1, 4, 2, 5, 3, 0, 4, 1, 5, 2,
                                           0, 3, 1, 4, 2, 5, 3, 0, 4, 1, 5};

Perplexity measure(Convention convention, std::vector<Window> windows, int64_t batch = 1,
                   std::optional<TextSize> size = {}) {
  ArithmeticModel model;
  return measurePerplexity(model, {convention, 0, false, std::move(windows), size}, batch,
                           [](const EvaluationProgress &) {});
}

// Expected values: the conventions written out in float64 Python over the same model and tokens
// (statistics over the list of -log p; for gptq exp(sum(mean * ctx) / (n * ctx)) as in its source).
TEST(Perplexity, UnderLlamaCpp) {
  Perplexity result = measure(Convention::LlamaCpp, llamaCppWindows(sampleTokens, 5, 6));
  EXPECT_EQ(result.tokens, 8);
  EXPECT_EQ(result.windows, 4);
  EXPECT_NEAR(result.value, 36.8741987914957, 1e-4);
  EXPECT_NEAR(result.standardError, 36.85672662203623, 1e-4);

  result = measure(Convention::LlamaCpp, llamaCppWindows(sampleTokens, 8, std::nullopt));
  EXPECT_EQ(result.tokens, 6);
  EXPECT_NEAR(result.value, 17.769915333670998, 1e-4);
  EXPECT_NEAR(result.standardError, 12.55872584874626, 1e-4);

  result = measure(Convention::LlamaCpp, llamaCppWindows(sampleTokens, 8, 6));
  EXPECT_NEAR(result.value, 20.181357370397105, 1e-4);
  EXPECT_NEAR(result.standardError, 14.241641484435869, 1e-4);
}

TEST(Perplexity, UnderGptq) {
  const Perplexity result = measure(Convention::Gptq, gptqWindows(sampleTokens, 7));
  EXPECT_EQ(result.tokens, 18);
  EXPECT_NEAR(result.value, 22.520464360840442, 1e-4);
  EXPECT_NEAR(result.standardError, 10.467709238460808, 1e-4);
}

TEST(Perplexity, UnderLmEvalIsOfWordsAndBytes) {
  const Perplexity result =
      measure(Convention::LmEval, rollingWindows(sampleTokens, 10, 6), 1, TextSize{1, 9, 57});
  EXPECT_EQ(result.tokens, 23);
  EXPECT_NEAR(result.logLikelihood, -87.9775630297698, 1e-4);
  EXPECT_NEAR(result.value, 17593.499761711242, 0.1);
  EXPECT_NEAR(result.standardError, 20482.644682360322, 0.1);
  EXPECT_NEAR(result.bytePerplexity(), 4.680785876054847, 1e-5);
  EXPECT_NEAR(result.bitsPerByte(), 2.2267507700446507, 1e-6);
}

TEST(Perplexity, IsTheSameForAnyBatch) {
  const std::vector<Window> windows = llamaCppWindows(sampleTokens, 5, 6);
  const Perplexity one = measure(Convention::LlamaCpp, windows, 1);
  for (int64_t batch : {2, 3, 4, 100}) {
    const Perplexity result = measure(Convention::LlamaCpp, windows, batch);
    EXPECT_EQ(result.value, one.value) << batch;
    EXPECT_EQ(result.standardError, one.standardError) << batch;
  }
}

TEST(Perplexity, ReportsProgressAfterEachBatch) {
  ArithmeticModel model;
  std::vector<EvaluationProgress> reports;
  const EvaluationText text{Convention::Gptq, 5, false, gptqWindows(sampleTokens, 5), {}};
  const Perplexity result = measurePerplexity(
      model, text, 3, [&](const EvaluationProgress &report) { reports.push_back(report); });
  EXPECT_EQ(model.batches, (std::vector<size_t>{3, 1}));
  ASSERT_EQ(reports.size(), 2u);
  EXPECT_EQ(reports[0].windowsDone, 3);
  EXPECT_EQ(reports[0].windows, 4);
  EXPECT_EQ(reports[0].tokensEvaluated, 12); // The last token of a window is only predicted.
  EXPECT_EQ(reports[1].windowsDone, 4);
  EXPECT_EQ(reports[1].tokensEvaluated, reports[1].tokensToEvaluate);
  EXPECT_EQ(reports[1].perplexity, result.value);
}

TEST(Convention, HasTheNameItIsParsedFrom) {
  for (std::string_view name : {"llama.cpp", "gptq", "lm-eval"})
    EXPECT_EQ(toString(parseConvention(name)), name);
}

TEST(Convention, UnknownListsTheKnown) {
  try {
    parseConvention("bert");
    FAIL() << "accepted";
  } catch (const Error &error) {
    EXPECT_STREQ(error.what(),
                 "unknown perplexity convention 'bert'; there are llama.cpp, gptq and lm-eval");
  }
}

} // namespace
