//===- SamplerTest.cpp - candidates worked out by hand --------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/sampling/Sampler.h"

#include "test/unit/formats/TestSupport.h"
#include <cmath>
#include <map>

using namespace qopt;
using namespace qopt::test;

/// Logits of these probabilities.
static std::vector<float> logitsOf(std::initializer_list<double> probabilities) {
  std::vector<float> logits;
  for (double p : probabilities)
    logits.push_back(float(std::log(p)));
  return logits;
}

static void expectCandidates(const SamplingOptions &options, std::span<const float> logits,
                             const std::vector<std::pair<int32_t, double>> &expected,
                             std::vector<int32_t> seen = {}) {
  Sampler sampler(options);
  sampler.accept(seen);
  std::vector<Sampler::Candidate> found = sampler.candidates(logits);
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].token, expected[i].first);
    EXPECT_NEAR(found[i].probability, expected[i].second, 1e-6);
  }
}

static const std::vector<float> five = logitsOf({0.1, 0.4, 0.05, 0.25, 0.2});

TEST(Sampler, EverythingAtTemperatureOne) {
  expectCandidates({.temperature = 1}, five, {{0, 0.1}, {1, 0.4}, {2, 0.05}, {3, 0.25}, {4, 0.2}});
}

TEST(Sampler, TopKKeepsTheLikeliest) {
  // 0.4 and 0.25 of 0.65
  expectCandidates({.temperature = 1, .topK = 2}, five, {{1, 0.615385}, {3, 0.384615}});
  expectCandidates({.temperature = 1, .topK = 50}, logitsOf({0.5, 0.5}), {{0, 0.5}, {1, 0.5}});
}

TEST(Sampler, TopPKeepsTheTokenThatReachesIt) {
  // 0.4 + 0.25 = 0.65 < 0.7, so 0.2 comes in: 0.85.
  expectCandidates({.temperature = 1, .topP = 0.7}, five,
                   {{1, 0.470588}, {3, 0.294118}, {4, 0.235294}});
  expectCandidates({.temperature = 1, .topP = 0.3}, five, {{1, 1}});
}

TEST(Sampler, TopPCountsWhatTopKLeft) {
  // Of 0.4, 0.25 and 0.2, together 0.85, two are 0.765.
  expectCandidates({.temperature = 1, .topK = 3, .topP = 0.75}, five,
                   {{1, 0.615385}, {3, 0.384615}});
}

TEST(Sampler, MinPIsRelativeToTheLikeliest) {
  // At least 0.5 * 0.4
  expectCandidates({.temperature = 1, .minP = 0.49}, five,
                   {{1, 0.470588}, {3, 0.294118}, {4, 0.235294}});
  expectCandidates({.temperature = 1, .minP = 1}, five, {{1, 1}});
}

TEST(Sampler, TemperatureComesLast) {
  // What is left after top-p at temperature 1 is 0.4, 0.25, 0.2; at 0.5 their squares count: 0.16,
  // 0.0625, 0.04 of 0.2625.
  expectCandidates({.temperature = 0.5, .topP = 0.7}, five,
                   {{1, 0.609524}, {3, 0.238095}, {4, 0.152381}});
}

TEST(Sampler, RepetitionPenaltyShrinksSeenTokens) {
  // 2 / 2 = 1 and -1 * 2 = -2, once each however often they were seen; token 2 stays.
  const float logits[] = {2, -1, 0};
  double sum = std::exp(1) + std::exp(-2) + 1;
  expectCandidates({.temperature = 1, .repetitionPenalty = 2}, logits,
                   {{0, std::exp(1) / sum}, {1, std::exp(-2) / sum}, {2, 1 / sum}}, {0, 1, 0});
  Sampler greedy({.repetitionPenalty = 4});
  const float close[] = {1.5f, 2, 0};
  EXPECT_EQ(greedy.sample(close), 1);
  const int32_t one = 1;
  greedy.accept(std::span(&one, 1));
  EXPECT_EQ(greedy.sample(close), 0);
}

TEST(Sampler, GreedyTakesTheFirstOfEquals) {
  const float logits[] = {-3, 5, 5, 1};
  EXPECT_EQ(Sampler({}).sample(logits), 1);
  EXPECT_EQ(Sampler({.topK = 3, .seed = 9}).sample(logits), 1);
}

TEST(Sampler, EqualLogitsAreCutInTheOrderOfTokens) {
  const std::vector<float> equal(1000, 0.5f);
  expectCandidates({.temperature = 1, .topK = 3}, equal, {{0, 1. / 3}, {1, 1. / 3}, {2, 1. / 3}});
  Sampler topP({.temperature = 1, .topP = 0.2});
  std::vector<Sampler::Candidate> found = topP.candidates(equal);
  ASSERT_NEAR(double(found.size()), 200, 1);
  for (size_t i = 0; i < found.size(); ++i)
    EXPECT_EQ(found[i].token, int32_t(i));
}

TEST(Sampler, DrawsFollowTheProbabilities) {
  Sampler sampler({.temperature = 1, .seed = 3});
  std::map<int32_t, int> counts;
  constexpr int draws = 100000;
  for (int i = 0; i < draws; ++i)
    ++counts[sampler.sample(five)];
  const double expected[] = {0.1, 0.4, 0.05, 0.25, 0.2};
  for (int32_t token = 0; token < 5; ++token) // Within 5 standard deviations.
    EXPECT_NEAR(counts[token] / double(draws), expected[token], 0.008);
}

TEST(Sampler, SeedsAndStreamsDiffer) {
  auto text = [](uint64_t seed, uint64_t stream) {
    Sampler sampler({.temperature = 1, .seed = seed}, stream);
    std::vector<int32_t> tokens;
    for (int i = 0; i < 50; ++i)
      tokens.push_back(sampler.sample(five));
    return tokens;
  };
  EXPECT_EQ(text(1, 0), text(1, 0));
  EXPECT_NE(text(1, 0), text(2, 0));
  EXPECT_NE(text(1, 0), text(1, 1));
  EXPECT_NE(text(1, 1), text(2, 0));
}

TEST(Sampler, OptionsOutOfRangeAreNamed) {
  auto error = [](const SamplingOptions &options) {
    return errorOf([&] { checkSamplingOptions(options); });
  };
  EXPECT_EQ(error({}), "");
  expectContains(error({.temperature = -1}), {"temperature of -1"});
  expectContains(error({.temperature = NAN}), {"temperature of nan"});
  expectContains(error({.topK = -1}), {"top-k -1"});
  expectContains(error({.topP = 0}), {"top-p 0"});
  expectContains(error({.topP = 1.5}), {"top-p 1.5"});
  expectContains(error({.minP = 2}), {"min-p 2"});
  expectContains(error({.repetitionPenalty = 0}), {"repetition penalty of 0"});
}
