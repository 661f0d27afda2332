//===- Scorer.h - logits reduced where they are -----------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_SESSION_SCORER_H
#define QOPT_RUNTIME_SESSION_SCORER_H

#include "runtime/session/JoinFunctions.h"
#include "runtime/session/RowScore.h"
#include <array>

namespace qopt {

/// A device's score function behind one of its heads. Of the logits only scores come to the host,
/// and the likeliest ids are the next step's on the device already.
class Scorer {
public:
  /// The functions and the device must outlive it. `bindings` are those of a session, of up to
  /// `maxRows` rows of a head.
  Scorer(Device &device, const PlanFunction &score, const BoundFunction &body,
         const BoundFunction &head, Bindings bindings, int64_t maxRows);

  /// Begins to score what the head computed last.
  void score(const StepShape &shape);
  /// Begins a step of body, head and scores, where every row's logits are wanted: one recording.
  void step(const StepShape &shape);
  /// The scores of the oldest of at most two that were begun and not yet waited for. Throws an
  /// Error naming the row and the token if a logit is not finite.
  std::vector<RowScore> wait();
  /// Forgets what was begun and not waited for.
  void forget() { numWaited = numBegun; }

private:
  void begin(int64_t rows);

  BoundFunction scores;
  JoinedFunction joined;
  std::unique_ptr<DeviceFunction> boundStep;
  struct Result {
    std::unique_ptr<Readback> copy;
    int64_t rows = 0;
  };
  std::array<Result, 2> results;
  size_t numBegun = 0, numWaited = 0;
};

} // namespace qopt

#endif // QOPT_RUNTIME_SESSION_SCORER_H
