//===- ContinuationScorer.cpp - likelihoods of continuations --------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/tasks/ContinuationScorer.h"
#include <algorithm>
#include <cassert>
#include <list>
#include <map>

using namespace qopt;

namespace {

/// One pass over a tree. Nodes whose parents are done lie on a stack, so that what was started last
/// is finished first and few sequences are open.
class TreeRun {
public:
  TreeRun(Session &session, int64_t freeSequences, std::span<const Window> windows,
          const PrefixTree &tree)
      : session(session), freeSequences(freeSequences), windows(windows), tree(tree),
        likelihoods(windows.size()), open(tree.nodes().size()),
        ready(tree.roots().rbegin(), tree.roots().rend()) {}

  bool isDone() const { return ready.empty(); }
  /// Runs nodes of about `rows` tokens; returns how many.
  int64_t runBatch(int64_t rows, const ContinuationScorer::Callback &done);

private:
  /// A node's sequence, for as long as children are to start from it.
  struct OpenNode {
    SequenceId sequence;
    size_t childrenLeft;
  };

  const PrefixNode &node(int32_t index) const { return tree.nodes()[size_t(index)]; }
  bool canStart(const PrefixNode &node) const;
  SequenceId start(const PrefixNode &node);
  void finish(int32_t index, const ContinuationScorer::Callback &done);
  size_t firstLogits(const PrefixNode &node) const;
  std::vector<int32_t> targets(const PrefixNode &node) const;
  void take(const PrefixNode &node, const TokenScore &result);

  Session &session;
  int64_t freeSequences;
  std::span<const Window> windows;
  const PrefixTree &tree;
  std::vector<Likelihood> likelihoods;
  std::vector<OpenNode> open; ///< By node.
  std::vector<int32_t> ready;
};

} // namespace

/// Whether a sequence remains for every level below it: so the deepest can always run.
bool TreeRun::canStart(const PrefixNode &node) const {
  const bool isLastChild = node.parent >= 0 && open[size_t(node.parent)].childrenLeft == 1;
  return freeSequences - (isLastChild ? 0 : 1) >= node.height;
}

/// The last child goes on with its parent's sequence.
SequenceId TreeRun::start(const PrefixNode &node) {
  if (node.parent >= 0) {
    OpenNode &parent = open[size_t(node.parent)];
    if (--parent.childrenLeft == 0)
      return parent.sequence;
    --freeSequences;
    return session.fork(parent.sequence);
  }
  --freeSequences;
  return session.addSequence();
}

/// The first token of a node after which some window has one that counts.
size_t TreeRun::firstLogits(const PrefixNode &node) const {
  int64_t first = node.end;
  for (size_t place = node.first; place < node.last; ++place)
    first = std::min(first, int64_t(windows[tree.order()[place]].firstScored) - 1);
  return size_t(std::max(first, node.begin) - node.begin);
}

/// After each token from the first with logits on, the next one of some window; the others' are
/// the same, but for the node's last token.
std::vector<int32_t> TreeRun::targets(const PrefixNode &node) const {
  std::vector<int32_t> tokens(size_t(node.end - node.begin) - firstLogits(node));
  const size_t first = size_t(node.begin) + firstLogits(node) + 1; // The first that is predicted.
  for (size_t place = node.first; place < node.last; ++place) {
    const std::span<const int32_t> window = windows[tree.order()[place]].tokens;
    for (size_t i = 0; i < tokens.size() && first + i < window.size(); ++i)
      tokens[i] = window[first + i];
  }
  return tokens;
}

void TreeRun::take(const PrefixNode &node, const TokenScore &result) {
  const size_t position = size_t(result.position) + 1; // Of the token that is predicted.
  for (size_t place = node.first; place < node.last; ++place) {
    const Window &window = windows[tree.order()[place]];
    if (position < window.firstScored || position >= window.tokens.size())
      continue;
    Likelihood &likelihood = likelihoods[tree.order()[place]];
    likelihood.logProbability += result.logProbability(window.tokens[position]);
    likelihood.isGreedy &= result.score.likeliest == window.tokens[position];
    if (position == window.firstScored)
      likelihood.firstChoice = result.score.likeliest;
  }
}

void TreeRun::finish(int32_t index, const ContinuationScorer::Callback &done) {
  const PrefixNode &finished = node(index);
  OpenNode &entry = open[size_t(index)];
  if (finished.children.empty()) {
    session.removeSequence(entry.sequence);
    ++freeSequences;
  } else {
    entry.childrenLeft = finished.children.size();
    ready.insert(ready.end(), finished.children.begin(), finished.children.end());
  }
  for (size_t place = finished.first; place < finished.last; ++place)
    if (const size_t window = tree.order()[place];
        int64_t(windows[window].tokens.size()) - 1 == finished.end)
      done(window, likelihoods[window]);
}

int64_t TreeRun::runBatch(int64_t rows, const ContinuationScorer::Callback &done) {
  std::vector<int32_t> batch;
  std::vector<Feed> feeds;
  std::list<std::vector<int32_t>> allTargets; // Feeds view them.
  std::map<SequenceId, int32_t> nodeOf;
  int64_t total = 0;
  while (!ready.empty() && total < rows && canStart(node(ready.back()))) {
    const int32_t index = ready.back();
    ready.pop_back();
    const SequenceId sequence = start(node(index));
    open[size_t(index)] = {sequence, 0};
    nodeOf[sequence] = index;
    batch.push_back(index);
    allTargets.push_back(targets(node(index)));
    feeds.push_back(
        {sequence, tree.tokens(node(index)), firstLogits(node(index)), allTargets.back()});
    total += int64_t(feeds.back().tokens.size());
  }
  assert(!batch.empty() && "a session with room for every level of the tree");
  session.score(feeds,
                [&](const TokenScore &result) { take(node(nodeOf.at(result.sequence)), result); });
  for (int32_t index : batch)
    finish(index, done);
  return total;
}

void ContinuationScorer::score(std::span<const Window> windows, bool share, const Callback &done) {
  assert(maxSequences >= PrefixTree::maxDepth);
  const PrefixTree tree(windows, share);
  TreeRun run(session, maxSequences, windows, tree);
  // Several steps at a time: only the last of them is not full.
  while (!run.isDone())
    numEvaluated += run.runBatch(4 * stepRows, done);
}
