//===- EvalProgress.h - a line that shows how far it is ---------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_EVALPROGRESS_H
#define QOPT_TOOLS_QRUN_EVALPROGRESS_H

#include "runtime/eval/Perplexity.h"
#include <chrono>
#include <string>

namespace qopt {

/// Shows the progress of one measurement on standard error, rewriting one line of a terminal a few
/// times a second; shows nothing if standard error is no terminal. The line is gone when this is.
class EvalProgress {
public:
  explicit EvalProgress(std::string title);
  ~EvalProgress();
  EvalProgress(const EvalProgress &) = delete;
  EvalProgress &operator=(const EvalProgress &) = delete;

  void show(const EvaluationProgress &progress);
  /// Since construction.
  double seconds() const;

private:
  using Clock = std::chrono::steady_clock;

  std::string title;
  bool isTerminal;
  Clock::time_point start = Clock::now();
  Clock::time_point nextShow = start;
};

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_EVALPROGRESS_H
