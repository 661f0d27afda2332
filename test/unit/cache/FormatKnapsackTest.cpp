//===- FormatKnapsackTest.cpp - the choice against every choice -----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/cache/FormatKnapsack.h"
#include <functional>
#include <gtest/gtest.h>
#include <random>

using namespace qopt;

using Items = std::vector<std::vector<FormatOption>>;

static FormatOption sumOf(const Items &items, const std::vector<size_t> &choices) {
  FormatOption sum{0, 0};
  for (size_t i = 0; i < items.size(); ++i) {
    sum.bytes += items[i][choices[i]].bytes;
    sum.kl += items[i][choices[i]].kl;
  }
  return sum;
}

static void forEachChoice(const Items &items, const std::function<void(FormatOption)> &visit) {
  std::vector<size_t> choices(items.size());
  while (true) {
    visit(sumOf(items, choices));
    size_t i = 0;
    while (i < items.size() && ++choices[i] == items[i].size())
      choices[i++] = 0;
    if (i == items.size())
      return;
  }
}

/// Sums in units of 2^-10 are exact, whatever their order.
static Items drawItems(std::mt19937 &random) {
  Items items(1 + random() % 5);
  for (std::vector<FormatOption> &options : items) {
    options.resize(1 + random() % 4);
    for (FormatOption &option : options)
      option = {int64_t(6 * (1 + random() % 12)), double(random() % 64) / 1024};
  }
  return items;
}

TEST(FormatKnapsack, FindsTheLeastDivergenceOfAllChoices) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    const Items items = drawItems(random);
    const int64_t budget = int64_t(random() % 250);
    std::optional<double> best;
    forEachChoice(items, [&](FormatOption sum) {
      if (sum.bytes <= budget)
        best = std::min(best.value_or(sum.kl), sum.kl);
    });
    const auto chosen = chooseWithinBytes(items, budget);
    ASSERT_EQ(chosen.has_value(), best.has_value());
    if (!chosen)
      continue;
    const FormatOption sum = sumOf(items, *chosen);
    EXPECT_LE(sum.bytes, budget);
    EXPECT_EQ(sum.kl, *best);
  }
}

TEST(FormatKnapsack, FindsTheFewestBytesOfAllChoices) {
  std::mt19937 random(2);
  for (int round = 0; round < 200; ++round) {
    const Items items = drawItems(random);
    const double budget = double(random() % 200) / 1024;
    std::optional<int64_t> best;
    forEachChoice(items, [&](FormatOption sum) {
      if (sum.kl <= budget)
        best = std::min(best.value_or(sum.bytes), sum.bytes);
    });
    const auto chosen = chooseWithinDivergence(items, budget);
    ASSERT_EQ(chosen.has_value(), best.has_value());
    if (!chosen)
      continue;
    const FormatOption sum = sumOf(items, *chosen);
    EXPECT_LE(sum.kl, budget);
    EXPECT_EQ(sum.bytes, *best);
  }
}

TEST(FormatKnapsack, TakesTheSmallerOfEquals) {
  EXPECT_EQ(chooseWithinBytes({{{8, 0.5}, {4, 0.5}}}, 100), std::vector<size_t>{1});
}
