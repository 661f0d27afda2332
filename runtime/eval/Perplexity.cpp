//===- Perplexity.cpp - perplexity of a text under a named convention -----===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/Perplexity.h"
#include <algorithm>
#include <cassert>
#include <cmath>

namespace qopt {

namespace {

/// Sums over negative log-likelihoods, in the order of the windows.
class NllSums {
public:
  void add(double nll) {
    sum += nll;
    sumOfSquares += nll * nll;
    ++count;
  }

  double total() const { return sum; }
  int64_t tokens() const { return count; }
  double mean() const { return sum / double(count); }

  /// Of the mean: sqrt((E[x^2] - E[x]^2) / (count - 1)), llama.cpp's "uncertainty"; 0 for one
  /// token.
  double standardError() const {
    if (count < 2)
      return 0;
    const double variance = sumOfSquares / double(count) - mean() * mean();
    return std::sqrt(std::max(variance, 0.0) / double(count - 1));
  }

private:
  double sum = 0;
  double sumOfSquares = 0;
  int64_t count = 0;
};

int64_t numEvaluated(std::span<const Window> windows) {
  int64_t tokens = 0;
  for (const Window &window : windows)
    tokens += int64_t(window.tokens.size()) - 1;
  return tokens;
}

} // namespace

double Perplexity::bytePerplexity() const { return std::exp(-logLikelihood / double(size->bytes)); }

double Perplexity::bitsPerByte() const {
  return -logLikelihood / double(size->bytes) / std::log(2.0);
}

std::vector<std::vector<double>> logProbabilities(LogitsSource &model,
                                                  std::span<const Window> windows) {
  std::vector<std::vector<double>> results(windows.size());
  for (size_t i = 0; i < windows.size(); ++i)
    results[i].resize(windows[i].numScored());
  model.visitScores(windows, [&](size_t window, size_t position, const RowScore &score) {
    results[window][position - windows[window].firstScored] = score.logProbability();
  });
  return results;
}

Perplexity measurePerplexity(LogitsSource &model, const EvaluationText &text, int64_t batch,
                             const std::function<void(const EvaluationProgress &)> &progress) {
  assert(batch >= 1);
  NllSums sums;
  EvaluationProgress state{0, int64_t(text.windows.size()), 0, numEvaluated(text.windows), 0};
  std::span<const Window> rest(text.windows);
  while (!rest.empty()) {
    const auto windows = rest.first(std::min(size_t(batch), rest.size()));
    rest = rest.subspan(windows.size());
    for (const std::vector<double> &window : logProbabilities(model, windows))
      for (double logProbability : window)
        sums.add(-logProbability);
    state.windowsDone += int64_t(windows.size());
    state.tokensEvaluated += numEvaluated(windows);
    state.perplexity = std::exp(sums.mean());
    progress(state);
  }

  // lm-eval divides the sum by the words of the text, not by the tokens.
  const double tokensPerUnit = text.size ? double(sums.tokens()) / double(text.size->words) : 1.0;
  Perplexity result;
  result.convention = text.convention;
  result.ctx = text.ctx;
  result.bos = text.bos;
  result.windows = int64_t(text.windows.size());
  result.tokens = sums.tokens();
  result.value = std::exp(sums.mean() * tokensPerUnit);
  result.standardError = result.value * sums.standardError() * tokensPerUnit;
  result.logLikelihood = -sums.total();
  result.size = text.size;
  return result;
}

} // namespace qopt
