//===- Divergence.h - how far a model is from its original ------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EVAL_DIVERGENCE_H
#define QOPT_RUNTIME_EVAL_DIVERGENCE_H

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace qopt {

/// Log-probabilities of a whole vocabulary: `logits - log(sum(exp(logits)))`, in double precision.
void logSoftmax(std::span<const float> logits, std::span<double> logProbabilities);

/// A mean and its standard error, taking tokens as independent (as llama.cpp does).
struct Estimate {
  double mean = 0;
  double error = 0;
};

/// exp of the mean of -log p, and its standard error.
Estimate estimatePerplexity(std::span<const double> negativeLogLikelihoods);

/// The distribution of a per-token quantity.
struct Distribution {
  Estimate estimate;
  double min = 0, max = 0;
  double p001 = 0, p01 = 0, p10 = 0, median = 0, p90 = 0, p99 = 0, p999 = 0;
};

/// What llama.cpp's `--kl-divergence` prints at its end (tools/perplexity/perplexity.cpp), in
/// natural logarithms. Only `klDivergence` and the paired quantities tell two good quantizations
/// apart: the errors of the two perplexities are those of the text.
struct DivergenceResult {
  int64_t tokens = 0;
  Estimate perplexity;
  Estimate logRatio;         ///< ln(PPL / PPL(base)), its error from the paired differences.
  double correlation = 0;    ///< Of the two models' log-likelihoods.
  Distribution klDivergence; ///< KL(base || model) of each token's prediction.
  Distribution deltaP;       ///< p(correct) - p_base(correct).
  Estimate rmsDeltaP;
  Estimate sameTop; ///< Share of tokens whose most probable prediction is the same.
};

/// Compares two models token by token.
class Divergence {
public:
  /// Log-probabilities of the base up to `leastKnown` are left out of the KL divergence.
  explicit Divergence(double leastKnown = -std::numeric_limits<double>::infinity())
      : leastKnown(leastKnown) {}

  /// `base` and `model` are log-probabilities of the same prediction; `token` is what followed.
  void add(std::span<const double> base, std::span<const double> model, int32_t token);

  int64_t tokens() const { return int64_t(kl.size()); }
  /// Of each token, in the order they came.
  std::span<const double> klDivergences() const { return kl; }
  /// At least one token must have been added.
  DivergenceResult result() const;

private:
  double leastKnown;
  std::vector<double> kl, deltaP, baseNll, nll;
  int64_t numSameTop = 0;
};

} // namespace qopt

#endif // QOPT_RUNTIME_EVAL_DIVERGENCE_H
