//===- PrefixTree.cpp - what sequences have in common ---------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/tasks/PrefixTree.h"
#include <algorithm>
#include <numeric>

using namespace qopt;

/// Windows at places [first, last), alike up to `split`, whose tokens from `start` on have no node.
struct PrefixTree::Branch {
  size_t first, last;
  int64_t start, split;
  int32_t parent;
  int32_t depth; ///< Nodes above.
};

std::span<const int32_t> PrefixTree::inputs(size_t place) const {
  const std::vector<int32_t> &tokens = windows[sorted[place]].tokens;
  return std::span(tokens).first(tokens.size() - 1);
}

std::span<const int32_t> PrefixTree::tokens(const PrefixNode &node) const {
  return inputs(node.first).subspan(size_t(node.begin), size_t(node.end - node.begin));
}

/// Between the first and the last of a sorted range, all are alike that far.
int64_t PrefixTree::commonLength(size_t first, size_t last) const {
  const auto a = inputs(first), b = inputs(last - 1);
  return std::ranges::mismatch(a, b).in1 - a.begin();
}

int32_t PrefixTree::addNode(const Branch &branch, size_t first, size_t last, int64_t end) {
  const int32_t index = int32_t(allNodes.size());
  allNodes.push_back({branch.parent, branch.start, end, first, last});
  (branch.parent < 0 ? rootNodes : allNodes[size_t(branch.parent)].children).push_back(index);
  return index;
}

/// A node for every distinct sequence of tokens.
void PrefixTree::splitLeaves(const Branch &branch) {
  for (size_t first = branch.first, last; first < branch.last; first = last) {
    for (last = first + 1; last < branch.last && std::ranges::equal(inputs(first), inputs(last));)
      ++last;
    const int64_t end = int64_t(inputs(first).size());
    if (end > branch.start)
      addNode(branch, first, last, end);
  }
}

void PrefixTree::split(const Branch &branch, bool share, std::vector<Branch> &pending) {
  if (!share || branch.depth + 1 >= maxDepth)
    return splitLeaves(branch);
  auto nextToken = [&](size_t place) {
    const auto tokens = inputs(place);
    return int64_t(tokens.size()) == branch.split ? -1 : tokens[size_t(branch.split)];
  };
  for (size_t first = branch.first, last; first < branch.last; first = last) {
    const int32_t token = nextToken(first);
    for (last = first + 1; last < branch.last && nextToken(last) == token;)
      ++last;
    const int64_t common = commonLength(first, last);
    if (common == int64_t(inputs(last - 1).size())) { // All the same.
      if (common > branch.start)
        addNode(branch, first, last, common);
    } else if (common - branch.start < leastShared) {
      pending.push_back({first, last, branch.start, common, branch.parent, branch.depth});
    } else {
      const int32_t node = addNode(branch, first, last, common);
      pending.push_back({first, last, common, common, node, branch.depth + 1});
    }
  }
}

void PrefixTree::measureHeights() {
  for (size_t i = allNodes.size(); i-- > 0;)
    if (const PrefixNode &node = allNodes[i]; node.parent >= 0) {
      int32_t &height = allNodes[size_t(node.parent)].height;
      height = std::max(height, node.height + 1);
    }
}

PrefixTree::PrefixTree(std::span<const Window> windows, bool share)
    : windows(windows), sorted(windows.size()) {
  std::iota(sorted.begin(), sorted.end(), size_t(0));
  std::ranges::sort(sorted, [&](size_t a, size_t b) {
    const auto &x = windows[a].tokens, &y = windows[b].tokens;
    const auto order =
        std::lexicographical_compare_three_way(x.begin(), x.end() - 1, y.begin(), y.end() - 1);
    return order < 0 || (order == 0 && a < b);
  });
  std::vector<Branch> pending;
  if (!sorted.empty())
    pending.push_back({0, sorted.size(), 0, 0, -1, 0});
  while (!pending.empty()) {
    const Branch branch = pending.back();
    pending.pop_back();
    split(branch, share, pending);
  }
  measureHeights();
  // Sequences of like length run together.
  auto length = [&](int32_t index) {
    const PrefixNode &node = allNodes[size_t(index)];
    return std::pair(node.end - node.begin, index);
  };
  for (PrefixNode &node : allNodes)
    std::ranges::sort(node.children, {}, length);
}

int64_t PrefixTree::numTokens() const {
  int64_t total = 0;
  for (const PrefixNode &node : allNodes)
    total += node.end - node.begin;
  return total;
}
