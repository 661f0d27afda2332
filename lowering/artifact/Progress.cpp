//===- Progress.cpp - how far a long write is -----------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/artifact/Progress.h"
#include <algorithm>
#include <fmt/format.h>
#include <unistd.h>

using namespace qopt;

Progress::Progress(uint64_t totalTensors, uint64_t totalBytes)
    : isVisible(isatty(STDERR_FILENO)), totalTensors(totalTensors), totalBytes(totalBytes),
      start(std::chrono::steady_clock::now()) {}

Progress::~Progress() {
  if (isVisible)
    fmt::print(stderr, "\r\x1b[K");
}

void Progress::update(uint64_t tensors, uint64_t bytes) {
  if (!isVisible)
    return;
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  double rate = std::max(double(bytes) / seconds, 1.0);
  fmt::print(stderr,
             "\r\x1b[Kweights: {}/{} tensors, {:.0f} of {:.0f} MB, {:.0f} MB/s, {:.0f} s left",
             tensors, totalTensors, bytes * 1e-6, totalBytes * 1e-6, rate * 1e-6,
             double(totalBytes - bytes) / rate);
  std::fflush(stderr);
}
