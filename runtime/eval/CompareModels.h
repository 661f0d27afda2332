//===- CompareModels.h - models against a base, over one text ---*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EVAL_COMPAREMODELS_H
#define QOPT_RUNTIME_EVAL_COMPAREMODELS_H

#include "runtime/eval/ComparisonBase.h"
#include "runtime/eval/Divergence.h"

namespace qopt {

struct Comparison {
  int64_t tokens = 0; ///< Scored.
  Estimate basePerplexity;
  std::vector<DivergenceResult> models;
  /// Of each model, the mean KL divergence at each scored position of a window.
  std::vector<std::vector<double>> klByPosition;
};

/// Compares each of `models` with `base` on every scored token of `windows`, one window at a time:
/// one window's log-probabilities of the base are all that is kept, 8 bytes for each scored token
/// and token of the vocabulary. `progress` learns the number of windows done.
Comparison compareModels(ComparisonBase &base, std::span<LogitsSource *const> models,
                         std::span<const Window> windows, size_t vocabSize,
                         const std::function<void(size_t)> &progress);

} // namespace qopt

#endif // QOPT_RUNTIME_EVAL_COMPAREMODELS_H
