//===- Divergence.cpp -----------------------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/Divergence.h"
#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>

namespace qopt {

void logSoftmax(std::span<const float> logits, std::span<double> logProbabilities) {
  assert(logits.size() == logProbabilities.size() && !logits.empty());
  const double max = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (float logit : logits)
    sum += std::exp(double(logit) - max);
  const double logSum = std::log(sum);
  for (size_t i = 0; i < logits.size(); ++i)
    logProbabilities[i] = (double(logits[i]) - max) - logSum;
}

static double mean(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / double(values.size());
}

/// The sample covariance of the mean: what its square root gives is a standard error.
static double covarianceOfMean(std::span<const double> a, std::span<const double> b) {
  if (a.size() < 2)
    return 0;
  const double meanA = mean(a), meanB = mean(b);
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i)
    sum += (a[i] - meanA) * (b[i] - meanB);
  return sum / double(a.size()) / double(a.size() - 1);
}

static Estimate estimate(std::span<const double> values) {
  return {mean(values), std::sqrt(covarianceOfMean(values, values))};
}

Estimate estimatePerplexity(std::span<const double> negativeLogLikelihoods) {
  const Estimate logarithm = estimate(negativeLogLikelihoods);
  const double value = std::exp(logarithm.mean);
  return {value, value * logarithm.error};
}

/// Linear between the two nearest ranks, as llama.cpp's percentile().
static double percentile(std::span<const double> sorted, double fraction) {
  if (sorted.size() == 1)
    return sorted[0];
  const double rank = fraction * double(sorted.size() - 1);
  const size_t low = std::min(size_t(rank), sorted.size() - 2);
  return sorted[low] + (rank - double(low)) * (sorted[low + 1] - sorted[low]);
}

static Distribution distribution(std::span<const double> values) {
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  auto at = [&](double fraction) { return percentile(sorted, fraction); };
  return {estimate(values), sorted.front(), sorted.back(), at(0.001), at(0.01),
          at(0.1),          at(0.5),        at(0.9),       at(0.99),  at(0.999)};
}

void Divergence::add(std::span<const double> base, std::span<const double> model, int32_t token) {
  assert(base.size() == model.size() && token >= 0 && size_t(token) < base.size());
  double sum = 0;
  for (size_t i = 0; i < base.size(); ++i)
    if (base[i] > leastKnown)
      sum += std::exp(base[i]) * (base[i] - model[i]);
  kl.push_back(sum);
  const auto correct = size_t(token);
  deltaP.push_back(std::exp(model[correct]) - std::exp(base[correct]));
  baseNll.push_back(-base[correct]);
  nll.push_back(-model[correct]);
  auto top = [](std::span<const double> values) {
    return std::max_element(values.begin(), values.end()) - values.begin();
  };
  numSameTop += top(base) == top(model);
}

DivergenceResult Divergence::result() const {
  assert(!kl.empty());
  DivergenceResult result;
  result.tokens = tokens();
  result.perplexity = estimatePerplexity(nll);

  const double varianceBase = covarianceOfMean(baseNll, baseNll);
  const double variance = covarianceOfMean(nll, nll);
  const double covariance = covarianceOfMean(baseNll, nll);
  result.logRatio = {mean(nll) - mean(baseNll),
                     std::sqrt(std::max(0.0, variance + varianceBase - 2 * covariance))};
  const double product = std::sqrt(variance * varianceBase);
  result.correlation = product > 0 ? covariance / product : 1;

  result.klDivergence = distribution(kl);
  result.deltaP = distribution(deltaP);
  std::vector<double> squares(deltaP.size());
  std::transform(deltaP.begin(), deltaP.end(), squares.begin(), [](double d) { return d * d; });
  const Estimate square = estimate(squares);
  const double rms = std::sqrt(square.mean);
  result.rmsDeltaP = {rms, rms > 0 ? 0.5 / rms * square.error : 0};
  const double share = double(numSameTop) / double(tokens());
  result.sameTop = {share,
                    tokens() > 1 ? std::sqrt(share * (1 - share) / double(tokens() - 1)) : 0};
  return result;
}

} // namespace qopt
