//===- RowScore.h - logits in a few numbers ---------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_SESSION_ROWSCORE_H
#define QOPT_RUNTIME_SESSION_ROWSCORE_H

#include <cstdint>

namespace qopt {

/// What a row of logits says of the next token.
struct RowScore {
  int32_t likeliest; ///< The id of the greatest logit, of equal ones the smallest.
  float greatest;
  double logOfSum;   ///< ln of the sum of exp(logit - greatest).
  float targetLogit; ///< That of the row's target.

  /// The natural logarithm of the target's probability.
  double logProbability() const { return double(targetLogit - greatest) - logOfSum; }
};

} // namespace qopt

#endif // QOPT_RUNTIME_SESSION_ROWSCORE_H
