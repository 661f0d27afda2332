//===- LogitsSource.h - what perplexity needs of a model --------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EVAL_LOGITSSOURCE_H
#define QOPT_RUNTIME_EVAL_LOGITSSOURCE_H

#include "runtime/eval/Window.h"
#include "runtime/session/RowScore.h"
#include <functional>

namespace qopt {

/// A language model, as seen by an evaluation.
class LogitsSource {
public:
  virtual ~LogitsSource() = default;

  /// Receives the logits, one for each token of the vocabulary, that predict
  /// `windows[window].tokens[position]`. The span dies with the call.
  using Visitor =
      std::function<void(size_t window, size_t position, std::span<const float> logits)>;

  /// Evaluates `windows` as parallel sequences, each from an empty context, and visits every scored
  /// token once. Throws an Error if a token is not in the vocabulary, a window exceeds the context
  /// or a logit is not finite.
  virtual void visitLogits(std::span<const Window> windows, const Visitor &visit) = 0;

  /// Receives the score of `windows[window].tokens[position]`, its target.
  using ScoreVisitor = std::function<void(size_t window, size_t position, const RowScore &score)>;

  /// The same where scores are enough, which a device may compute itself.
  virtual void visitScores(std::span<const Window> windows, const ScoreVisitor &visit);
};

} // namespace qopt

#endif // QOPT_RUNTIME_EVAL_LOGITSSOURCE_H
