//===- Agreement.cpp - a model on two devices, text by text ---------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/check/Agreement.h"

#include <algorithm>
#include <cmath>

using namespace qopt;

/// Tokens that are fed one by one: enough for every kernel of decode to see several pages' ends.
static constexpr size_t decodeTokens = 32;

/// The logits after each token.
static std::vector<std::vector<float>> logitsOf(Session &session, std::span<const int32_t> tokens) {
  std::vector<std::vector<float>> logits;
  SequenceId sequence = session.addSequence();
  auto feed = [&](std::span<const int32_t> part) {
    Feed fed{sequence, part, 0};
    session.run(std::span(&fed, 1), [&](const TokenResult &result) {
      logits.emplace_back(result.logits.begin(), result.logits.end());
    });
  };
  const size_t prefilled = tokens.size() - std::min(tokens.size() / 2, decodeTokens);
  feed(tokens.first(prefilled));
  for (size_t i = prefilled; i < tokens.size(); ++i)
    feed(tokens.subspan(i, 1));
  session.removeSequence(sequence);
  return logits;
}

static double logSumExp(std::span<const float> logits) {
  const double most = *std::ranges::max_element(logits);
  double sum = 0;
  for (float x : logits)
    sum += std::exp(double(x) - most);
  return most + std::log(sum);
}

static double divergence(std::span<const float> base, std::span<const float> other) {
  const double baseSum = logSumExp(base), otherSum = logSumExp(other);
  double total = 0;
  for (size_t i = 0; i < base.size(); ++i) {
    double logP = double(base[i]) - baseSum;
    total += std::exp(logP) * (logP - (double(other[i]) - otherSum));
  }
  return total;
}

/// The likeliest token, and by how much it leads.
static std::pair<size_t, double> topOf(std::span<const float> logits) {
  size_t top = size_t(std::ranges::max_element(logits) - logits.begin());
  double gap = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < logits.size(); ++i)
    if (i != top)
      gap = std::min(gap, double(logits[top]) - logits[i]);
  return {top, gap};
}

Agreement qopt::measureAgreement(Session &checked, Session &reference,
                                 std::span<const int32_t> tokens) {
  const auto ours = logitsOf(checked, tokens), theirs = logitsOf(reference, tokens);
  Agreement result;
  result.tokens = int64_t(tokens.size());
  for (size_t i = 0; i < ours.size(); ++i) {
    double kl = divergence(theirs[i], ours[i]);
    result.meanDivergence += kl / double(ours.size());
    result.maxDivergence = std::max(result.maxDivergence, kl);
    for (size_t j = 0; j < ours[i].size(); ++j)
      result.largestLogitError =
          std::max(result.largestLogitError, std::abs(double(ours[i][j]) - theirs[i][j]));
  }
  for (size_t i = 0; i < ours.size(); ++i) {
    auto [top, gap] = topOf(theirs[i]);
    if (topOf(ours[i]).first == top)
      continue;
    ++result.differentTop;
    result.wrongTop += gap > 2 * result.largestLogitError;
  }
  return result;
}
