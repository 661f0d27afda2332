//===- CountProgress.cpp - a line that shows how many are done ------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/CountProgress.h"
#include <cmath>
#include <fmt/format.h>
#include <unistd.h>

using namespace qopt;

/// Back to the first column, and what was there erased.
static constexpr std::string_view clearLine = "\r\x1b[K";

std::string qopt::formatDuration(double seconds) {
  const auto whole = std::llround(seconds);
  if (whole < 60)
    return fmt::format("{} s", whole);
  if (whole < 3600)
    return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

CountProgress::CountProgress(std::string title, std::string things, size_t total)
    : title(std::move(title)), things(std::move(things)), total(total),
      isTerminal(isatty(STDERR_FILENO) != 0) {}

CountProgress::~CountProgress() {
  if (isTerminal)
    fmt::print(stderr, "{}", clearLine);
}

void CountProgress::show(size_t done) {
  using namespace std::chrono_literals;
  const Clock::time_point now = Clock::now();
  if (isFirst)
    doneBefore = done - 1;
  isFirst = false;
  if (!isTerminal || now < nextShow)
    return;
  nextShow = now + 200ms;
  const double rate =
      double(done - doneBefore) / std::chrono::duration<double>(now - start).count();
  constexpr size_t width = 24;
  const size_t filled = width * done / total;
  fmt::print(stderr, "{}{}: [{:#<{}}{:.<{}}] {}/{}, {:.1f} {}/s, {} left", clearLine, title, "",
             filled, "", width - filled, done, total, rate, things,
             formatDuration(double(total - done) / rate));
  std::fflush(stderr);
}
