//===- ContinuationScorer.h - likelihoods of continuations ------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EVAL_TASKS_CONTINUATIONSCORER_H
#define QOPT_RUNTIME_EVAL_TASKS_CONTINUATIONSCORER_H

#include "runtime/eval/tasks/PrefixTree.h"
#include "runtime/session/Session.h"

namespace qopt {

/// What a model says of the scored tokens of a window.
struct Likelihood {
  double logProbability = 0; ///< Their sum.
  bool isGreedy = true;      ///< Each is the model's first choice.
  int32_t firstChoice = -1;  ///< The model's choice in place of the first of them.
};

/// Scores windows with a session. What several have in common is evaluated once, in sequences that
/// are forked where they part; the rest is packed into steps of many sequences. On CPUs neither
/// changes a bit of the results.
class ContinuationScorer {
public:
  /// Of a window that is done.
  using Callback = std::function<void(size_t window, const Likelihood &likelihood)>;

  /// The session must outlive this; it has no sequences yet and room for `maxSequences`, at least
  /// PrefixTree::maxDepth. `stepRows` are the rows of one of its steps.
  ContinuationScorer(Session &session, int64_t maxSequences, int64_t stepRows)
      : session(session), maxSequences(maxSequences), stepRows(stepRows) {}

  /// Calls `done` once for each window, in any order. Throws an Error if a token is not in the
  /// vocabulary, a window exceeds the context or a logit is not finite.
  void score(std::span<const Window> windows, bool share, const Callback &done);

  /// Tokens evaluated so far.
  int64_t tokensEvaluated() const { return numEvaluated; }

private:
  Session &session;
  int64_t maxSequences;
  int64_t stepRows;
  int64_t numEvaluated = 0;
};

} // namespace qopt

#endif // QOPT_RUNTIME_EVAL_TASKS_CONTINUATIONSCORER_H
