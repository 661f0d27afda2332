//===- Sampler.cpp - the next token, from its logits ----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/sampling/Sampler.h"

#include "runtime/formats/Error.h"
#include <algorithm>
#include <cassert>
#include <cmath>

using namespace qopt;

using Candidate = Sampler::Candidate;

//===----------------------------------------------------------------------===//
// Options
//===----------------------------------------------------------------------===//

void qopt::checkSamplingOptions(const SamplingOptions &options) {
  // Written so that NaN fails too.
  if (!(options.temperature >= 0 && options.temperature <= 1e6))
    fail("a temperature of {} was asked for; possible are 0 (greedy) to 1e6", options.temperature);
  if (options.topK < 0)
    fail("top-k {} was asked for; possible are 0 (all) or more", options.topK);
  if (!(options.topP > 0 && options.topP <= 1))
    fail("top-p {} was asked for; possible are numbers above 0, up to 1 (all)", options.topP);
  if (!(options.minP >= 0 && options.minP <= 1))
    fail("min-p {} was asked for; possible are 0 (all) to 1", options.minP);
  if (!(options.repetitionPenalty > 0 && options.repetitionPenalty <= 1e6))
    fail("a repetition penalty of {} was asked for; possible are numbers above 0, 1 for none",
         options.repetitionPenalty);
}

//===----------------------------------------------------------------------===//
// Random numbers
//===----------------------------------------------------------------------===//

/// The finalizer of splitmix64: the n-th number of a stream needs no state but n.
static uint64_t mix(uint64_t word) {
  word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9;
  word = (word ^ (word >> 27)) * 0x94d049bb133111eb;
  return word ^ (word >> 31);
}

static constexpr uint64_t goldenGamma = 0x9e3779b97f4a7c15;

Sampler::Sampler(const SamplingOptions &options, uint64_t stream)
    : options(options), key(mix(options.seed + goldenGamma) + mix(stream)) {
  checkSamplingOptions(options);
}

/// In [0, 1), of 53 bits.
double Sampler::nextUniform() { return double(mix(key + goldenGamma * ++draws) >> 11) * 0x1p-53; }

//===----------------------------------------------------------------------===//
// Candidates
//===----------------------------------------------------------------------===//

void Sampler::accept(std::span<const int32_t> tokens) {
  for (int32_t token : tokens) {
    if (seen.size() <= size_t(token))
      seen.resize(size_t(token) + 1, false);
    seen[size_t(token)] = true;
  }
}

float Sampler::penalized(std::span<const float> logits, size_t token) const {
  float logit = logits[token];
  if (token >= seen.size() || !seen[token])
    return logit;
  float penalty = float(options.repetitionPenalty);
  return logit > 0 ? logit / penalty : logit * penalty;
}

/// A total order, so that the same tokens are cut off whatever the sorting algorithm.
static bool isLikelier(const Candidate &a, const Candidate &b) {
  return a.logit != b.logit ? a.logit > b.logit : a.token < b.token;
}

static void keepTopK(std::vector<Candidate> &candidates, size_t k) {
  std::partial_sort(candidates.begin(), candidates.begin() + int64_t(k), candidates.end(),
                    isLikelier);
  candidates.resize(k);
}

/// Keeps the likeliest until their probabilities reach `topP`. Sorts a prefix only, as few tokens
/// usually suffice.
static void keepTopP(std::vector<Candidate> &candidates, double topP) {
  double sum = 0;
  size_t sorted = 0;
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (i == sorted) {
      sorted = std::min(candidates.size(), std::max<size_t>(64, 4 * sorted));
      std::partial_sort(candidates.begin() + int64_t(i), candidates.begin() + int64_t(sorted),
                        candidates.end(), isLikelier);
    }
    sum += candidates[i].probability;
    if (sum >= topP)
      return candidates.resize(i + 1);
  }
}

/// Probabilities at a temperature.
static void setProbabilities(std::vector<Candidate> &candidates, double temperature) {
  float most = std::ranges::max(candidates, {}, &Candidate::logit).logit;
  double sum = 0;
  for (Candidate &candidate : candidates) {
    candidate.probability = std::exp((double(candidate.logit) - most) / temperature);
    sum += candidate.probability;
  }
  for (Candidate &candidate : candidates)
    candidate.probability /= sum;
}

std::vector<Candidate> Sampler::candidates(std::span<const float> logits) const {
  assert(!logits.empty());
  std::vector<Candidate> candidates(logits.size());
  for (size_t token = 0; token < logits.size(); ++token)
    candidates[token] = {int32_t(token), penalized(logits, token), 0};

  size_t k = options.temperature == 0 ? 1 : size_t(options.topK);
  if (k > 0 && k < candidates.size())
    keepTopK(candidates, k);
  setProbabilities(candidates, 1);
  if (options.topP < 1)
    keepTopP(candidates, options.topP);
  if (options.minP > 0) {
    double least =
        options.minP * std::ranges::max(candidates, {}, &Candidate::probability).probability;
    std::erase_if(candidates, [&](const Candidate &c) { return c.probability < least; });
  }
  setProbabilities(candidates, options.temperature == 0 ? 1 : options.temperature);
  return candidates;
}

int32_t Sampler::sample(std::span<const float> logits) {
  if (options.temperature == 0) {
    size_t best = 0;
    float bestLogit = penalized(logits, 0);
    for (size_t token = 1; token < logits.size(); ++token)
      if (float logit = penalized(logits, token); logit > bestLogit) {
        best = token;
        bestLogit = logit;
      }
    return int32_t(best);
  }
  std::vector<Candidate> choices = candidates(logits);
  double remaining = nextUniform();
  for (const Candidate &choice : choices)
    if ((remaining -= choice.probability) < 0)
      return choice.token;
  return choices.back().token; // The sum was rounded below 1.
}
