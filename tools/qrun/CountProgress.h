//===- CountProgress.h - a line that shows how many are done ----*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_COUNTPROGRESS_H
#define QOPT_TOOLS_QRUN_COUNTPROGRESS_H

#include <chrono>
#include <string>

namespace qopt {

/// Shows how many of a number of things are done, how many a second and the time left on standard
/// error, rewriting one line of a terminal a few times a second; nothing if standard error is no
/// terminal. The line is gone when this is.
class CountProgress {
public:
  /// `things` is what they are called: "questions".
  CountProgress(std::string title, std::string things, size_t total);
  ~CountProgress();
  CountProgress(const CountProgress &) = delete;
  CountProgress &operator=(const CountProgress &) = delete;

  void show(size_t done);

private:
  using Clock = std::chrono::steady_clock;

  std::string title, things;
  size_t total;
  bool isTerminal;
  size_t doneBefore = 0; ///< By an earlier run.
  Clock::time_point start = Clock::now();
  Clock::time_point nextShow = start;
  bool isFirst = true;
};

/// "12 s", "3 min 05 s", "2 h 10 min".
std::string formatDuration(double seconds);

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_COUNTPROGRESS_H
