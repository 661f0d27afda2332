//===- Sampler.h - the next token, from its logits --------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_SAMPLING_SAMPLER_H
#define QOPT_RUNTIME_SAMPLING_SAMPLER_H

#include <cstdint>
#include <span>
#include <vector>

namespace qopt {

/// How to choose a token. The defaults choose the likeliest.
struct SamplingOptions {
  double temperature = 0;       ///< Logits are divided by it; 0: the likeliest token (greedy).
  int64_t topK = 0;             ///< Only the k likeliest tokens; 0: all.
  double topP = 1;              ///< Only the likeliest that together have this probability; 1: all.
  double minP = 0;              ///< Only those at least this times as likely as the likeliest.
  double repetitionPenalty = 1; ///< Tokens seen before: positive logits are divided by it, negative
                                ///< ones multiplied (Keskar et al. 2019); 1: none.
  uint64_t seed = 0;            ///< The same seed gives the same tokens.
};

/// Throws an Error that names the option and its range.
void checkSamplingOptions(const SamplingOptions &options);

/// Chooses the tokens of one sequence.
///
/// Steps, in llama.cpp's order: repetition penalty (over the whole sequence, prompt included, as in
/// transformers), top-k, top-p, min-p, temperature, draw. So top-p and min-p see probabilities at
/// temperature 1; transformers applies the temperature before top-k. Of equal logits the smaller
/// token id counts as likelier.
class Sampler {
public:
  struct Candidate {
    int32_t token;
    float logit;
    double probability; ///< Sums to 1 over the candidates.
  };

  /// `stream` tells the sequences of one batch apart: each draws its own random numbers.
  explicit Sampler(const SamplingOptions &options, uint64_t stream = 0);

  /// Tokens of the sequence, for the repetition penalty: the prompt, then what was chosen.
  void accept(std::span<const int32_t> tokens);

  /// The next token; `logits` are finite, one for each of the vocabulary.
  int32_t sample(std::span<const float> logits);

  /// What sample() draws from: likeliest first if anything was cut off, else by token.
  std::vector<Candidate> candidates(std::span<const float> logits) const;

private:
  float penalized(std::span<const float> logits, size_t token) const;
  double nextUniform();

  SamplingOptions options;
  uint64_t key;
  uint64_t draws = 0;
  std::vector<bool> seen; ///< By token; as long as the largest token seen.
};

} // namespace qopt

#endif // QOPT_RUNTIME_SAMPLING_SAMPLER_H
