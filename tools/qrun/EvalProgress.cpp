//===- EvalProgress.cpp - a line that shows how far it is -----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/EvalProgress.h"
#include "tools/qrun/CountProgress.h"
#include <fmt/format.h>
#include <unistd.h>

namespace qopt {

/// Back to the first column, and what was there erased.
static constexpr std::string_view clearLine = "\r\x1b[K";

EvalProgress::EvalProgress(std::string title)
    : title(std::move(title)), isTerminal(isatty(STDERR_FILENO) != 0) {}

EvalProgress::~EvalProgress() {
  if (isTerminal)
    fmt::print(stderr, "{}", clearLine);
}

double EvalProgress::seconds() const {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void EvalProgress::show(const EvaluationProgress &progress) {
  using namespace std::chrono_literals;
  const Clock::time_point now = Clock::now();
  if (!isTerminal || now < nextShow)
    return;
  nextShow = now + 200ms;
  const double tokensPerSecond = double(progress.tokensEvaluated) / seconds();
  const double left =
      double(progress.tokensToEvaluate - progress.tokensEvaluated) / tokensPerSecond;
  fmt::print(stderr, "{}{}: {}/{} windows, {:.0f} tokens/s, ppl {:.4f}, {} left", clearLine, title,
             progress.windowsDone, progress.windows, tokensPerSecond, progress.perplexity,
             formatDuration(left));
  std::fflush(stderr);
}

} // namespace qopt
