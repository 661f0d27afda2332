//===- PrefixTreeTest.cpp - what sequences have in common -----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/tasks/PrefixTree.h"
#include <gtest/gtest.h>
#include <random>

using namespace qopt;

/// Tokens from `first` on, `count` of them.
static std::vector<int32_t> run(int32_t first, int32_t count) {
  std::vector<int32_t> tokens;
  for (int32_t i = 0; i < count; ++i)
    tokens.push_back(first + i);
  return tokens;
}

static std::vector<int32_t> joined(std::vector<int32_t> a, const std::vector<int32_t> &b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// What the tree evaluates for each window: the tokens of the nodes on its way.
static std::vector<std::vector<int32_t>> paths(const PrefixTree &tree, size_t numWindows) {
  std::vector<std::vector<int32_t>> result(numWindows);
  for (const PrefixNode &node : tree.nodes())
    for (size_t place = node.first; place < node.last; ++place) {
      std::vector<int32_t> &path = result[tree.order()[place]];
      EXPECT_EQ(int64_t(path.size()), node.begin);
      path = joined(path, {tree.tokens(node).begin(), tree.tokens(node).end()});
    }
  return result;
}

TEST(PrefixTreeTest, windowsThatDifferInTheLastTokenAreOneNode) {
  const std::vector<Window> windows = {{{1, 2, 3, 10}, 3}, {{1, 2, 3, 11}, 3}, {{1, 2, 3, 12}, 3}};
  const PrefixTree tree(windows, false);
  ASSERT_EQ(tree.nodes().size(), 1u);
  EXPECT_EQ(tree.numTokens(), 3);
}

TEST(PrefixTreeTest, examplesOfAGroupAreEvaluatedOnce) {
  const std::vector<int32_t> shots = run(0, 100);
  std::vector<Window> windows;
  for (int32_t question = 0; question < 5; ++question)
    windows.push_back({joined(shots, run(1000 * (question + 1), 20)), 119});
  const PrefixTree tree(windows, true);
  EXPECT_EQ(tree.numTokens(), 100 + 5 * 19);
  ASSERT_EQ(tree.roots().size(), 1u);
  EXPECT_EQ(tree.nodes()[size_t(tree.roots()[0])].children.size(), 5u);
  EXPECT_EQ(tree.nodes()[size_t(tree.roots()[0])].height, 1);
  EXPECT_EQ(PrefixTree(windows, false).numTokens(), 5 * 119);
}

TEST(PrefixTreeTest, fewTokensInCommonAreNotWorthASequence) {
  const std::vector<Window> windows = {{joined(run(0, 3), run(100, 20)), 1},
                                       {joined(run(0, 3), run(200, 20)), 1}};
  const PrefixTree tree(windows, true);
  EXPECT_EQ(tree.roots().size(), 2u);
  EXPECT_EQ(tree.numTokens(), 2 * 22);
}

TEST(PrefixTreeTest, aWindowMayEndWhereOthersGoOn) {
  const std::vector<Window> windows = {{run(0, 12), 1}, {run(0, 30), 1}, {run(0, 21), 1}};
  const PrefixTree tree(windows, true);
  EXPECT_EQ(tree.numTokens(), 29);
  const auto found = paths(tree, windows.size());
  for (size_t i = 0; i < windows.size(); ++i)
    EXPECT_EQ(found[i], run(0, int32_t(windows[i].tokens.size()) - 1));
}

TEST(PrefixTreeTest, everyWindowIsEvaluatedWholeAndNoTreeIsDeep) {
  std::mt19937 random(7);
  std::vector<Window> windows;
  for (int i = 0; i < 300; ++i) {
    std::vector<int32_t> tokens;
    const size_t length = 2 + random() % 60;
    while (tokens.size() < length) // Runs of ten alike, so that much is in common.
      tokens.insert(tokens.end(), 10, int32_t(random() % 2));
    tokens.resize(length);
    windows.push_back({tokens, 1});
  }
  const PrefixTree tree(windows, true);
  const auto found = paths(tree, windows.size());
  for (size_t i = 0; i < windows.size(); ++i)
    EXPECT_EQ(found[i],
              std::vector<int32_t>(windows[i].tokens.begin(), windows[i].tokens.end() - 1));
  for (const PrefixNode &node : tree.nodes())
    EXPECT_LT(node.height, PrefixTree::maxDepth);
  EXPECT_LT(tree.numTokens(), PrefixTree(windows, false).numTokens());
}
