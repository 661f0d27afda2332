//===- Agreement.h - a model on two devices, text by text -------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_CHECK_AGREEMENT_H
#define QOPT_RUNTIME_CHECK_AGREEMENT_H

#include "runtime/session/Session.h"

namespace qopt {

/// How far a model's predictions on one device are from those on another, over given tokens.
struct Agreement {
  int64_t tokens = 0;
  double meanDivergence = 0; ///< KL(reference || checked), in nats.
  double maxDivergence = 0;  ///< Of one token.
  double largestLogitError = 0;
  int64_t differentTop = 0; ///< Tokens whose likeliest successors differ,
  int64_t wrongTop = 0; ///< and of these, where the gap of the reference's likeliest two is more
                        ///< than twice the largest error: no rounding explains that.
};

/// Feeds the tokens to both, a part by the prefill functions and the rest token by token, and
/// compares all logits.
Agreement measureAgreement(Session &checked, Session &reference, std::span<const int32_t> tokens);

} // namespace qopt

#endif // QOPT_RUNTIME_CHECK_AGREEMENT_H
