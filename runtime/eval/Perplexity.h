//===- Perplexity.h - perplexity under a named convention -------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EVAL_PERPLEXITY_H
#define QOPT_RUNTIME_EVAL_PERPLEXITY_H

#include "runtime/eval/EvaluationText.h"
#include "runtime/eval/LogitsSource.h"

namespace qopt {

struct Perplexity {
  Convention convention;
  int64_t ctx;
  bool bos;
  int64_t windows;
  int64_t tokens; ///< Scored tokens.
  /// exp of the mean negative log-likelihood: of a token, and of a word under lm-eval.
  double value;
  /// One standard error of `value`, taking tokens as independent, as llama.cpp does.
  double standardError;
  double logLikelihood;         ///< Sum over the scored tokens.
  std::optional<TextSize> size; ///< Under lm-eval, for which alone the following are defined.

  double bytePerplexity() const;
  double bitsPerByte() const;
};

/// What a listener learns after each batch of windows.
struct EvaluationProgress {
  int64_t windowsDone;
  int64_t windows;
  int64_t tokensEvaluated; ///< Tokens that went through the model so far.
  int64_t tokensToEvaluate;
  double perplexity; ///< Of the tokens scored so far; of tokens under every convention.
};

/// Measures. `batch` windows are evaluated as parallel sequences, which does not change the result.
Perplexity measurePerplexity(LogitsSource &model, const EvaluationText &text, int64_t batch,
                             const std::function<void(const EvaluationProgress &)> &progress);

/// The log-probabilities of the scored tokens of each window, in order.
std::vector<std::vector<double>> logProbabilities(LogitsSource &model,
                                                  std::span<const Window> windows);

} // namespace qopt

#endif // QOPT_RUNTIME_EVAL_PERPLEXITY_H
