//===- CheckStep.h - a step that kernels are checked on ---------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_CHECK_CHECKSTEP_H
#define QOPT_RUNTIME_CHECK_CHECKSTEP_H

#include "runtime/artifact/Plan.h"
#include <random>
#include <vector>

namespace qopt {

/// What a step's arrays say, drawn at random: tokens, sequences of uneven lengths with uneven
/// pasts, and pages in no order.
struct CheckStep {
  struct Sequence {
    int64_t past;
    int64_t tokens;
    std::vector<int32_t> pages;
  };

  StepShape shape;
  int64_t past; ///< Of the first sequence; others have less.
  std::vector<Sequence> sequences;
  std::vector<int32_t> ids;      ///< Of all rows.
  std::vector<int32_t> headRows; ///< A permutation of the rows.
  int64_t numPages = 0;          ///< Of all sequences.
  int64_t maxPages = 0;          ///< Of one.
  int64_t context = 0;           ///< Tokens of the longest sequence with those of this step.

  /// Nothing if a sequence would exceed the model's context.
  static std::optional<CheckStep> draw(const Plan &plan, const StepShape &shape, int64_t past,
                                       std::mt19937 &random);

  /// The steps that append what this one's sequences have as their past, to the same pages: of each
  /// at most `most` tokens a step.
  std::vector<CheckStep> pastSteps(int64_t most) const;
};

} // namespace qopt

#endif // QOPT_RUNTIME_CHECK_CHECKSTEP_H
