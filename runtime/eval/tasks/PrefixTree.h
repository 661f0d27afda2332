//===- PrefixTree.h - what sequences have in common -------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EVAL_TASKS_PREFIXTREE_H
#define QOPT_RUNTIME_EVAL_TASKS_PREFIXTREE_H

#include "runtime/eval/Window.h"

namespace qopt {

/// A run of tokens that one or several windows evaluate at the same place, after the same tokens.
struct PrefixNode {
  int32_t parent; ///< -1: none.
  int64_t begin;  ///< Positions of its tokens: [begin, end).
  int64_t end;
  size_t first; ///< The windows through it: PrefixTree::order()[first, last).
  size_t last;
  int32_t height = 0; ///< Nodes below it, on the longest way down.
  std::vector<int32_t> children = {};
};

/// The tokens that windows evaluate (all but the last of each), those in common once: a tree of
/// runs. Windows that evaluate the same tokens end in the same node.
class PrefixTree {
public:
  /// A shorter run in common is evaluated again: starting a sequence costs as much.
  static constexpr int64_t leastShared = 8;
  /// Nodes on the longest way down, so that few sequences are open at a time.
  static constexpr int32_t maxDepth = 6;

  /// Without `share` only windows that evaluate the same tokens meet. `windows` must outlive this.
  PrefixTree(std::span<const Window> windows, bool share);

  const std::vector<PrefixNode> &nodes() const { return allNodes; } ///< Parents first.
  const std::vector<int32_t> &roots() const { return rootNodes; }
  const std::vector<size_t> &order() const { return sorted; } ///< Numbers of windows.
  std::span<const int32_t> tokens(const PrefixNode &node) const;
  /// Of all nodes: what is to be evaluated.
  int64_t numTokens() const;

private:
  struct Branch;
  std::span<const int32_t> inputs(size_t place) const;
  /// Positions from 0 that the windows at places [first, last) have in common.
  int64_t commonLength(size_t first, size_t last) const;
  int32_t addNode(const Branch &branch, size_t first, size_t last, int64_t end);
  void splitLeaves(const Branch &branch);
  void split(const Branch &branch, bool share, std::vector<Branch> &pending);
  void measureHeights();

  std::span<const Window> windows;
  std::vector<size_t> sorted;
  std::vector<PrefixNode> allNodes;
  std::vector<int32_t> rootNodes;
};

} // namespace qopt

#endif // QOPT_RUNTIME_EVAL_TASKS_PREFIXTREE_H
