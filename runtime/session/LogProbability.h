//===- LogProbability.h - log-softmax of one token --------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_SESSION_LOGPROBABILITY_H
#define QOPT_RUNTIME_SESSION_LOGPROBABILITY_H

#include "runtime/session/RowScore.h"
#include <cstdint>
#include <span>

namespace qopt {

/// The natural logarithm of the probability that softmax gives `token`, which is in range. Float
/// exponentials of the differences to the greatest logit, summed in double precision, in an order
/// that depends on the number of logits alone. NaN if a logit is NaN or the greatest is infinite.
double logProbability(std::span<const float> logits, int32_t token);

/// The same for several tokens of one prediction, whose logits must outlive this.
class LogSoftmax {
public:
  explicit LogSoftmax(std::span<const float> logits);

  double logProbability(int32_t token) const {
    return double(logits[size_t(token)] - max) - logOfSum;
  }
  /// What a device's score has, which this defines.
  RowScore score(int32_t target) const {
    return {likeliest(), max, logOfSum, logits[size_t(target)]};
  }
  /// The token with the greatest logit, of equal ones the first.
  int32_t likeliest() const;

private:
  std::span<const float> logits;
  float max;
  double logOfSum;
};

} // namespace qopt

#endif // QOPT_RUNTIME_SESSION_LOGPROBABILITY_H
