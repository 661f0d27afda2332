//===- CopyBandwidth.cpp - how fast a device copies its memory ------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/CopyBandwidth.h"

#include <algorithm>
#include <chrono>

using namespace qopt;

double qopt::measureCopyBandwidth(Device &device, uint64_t bytes) {
  const uint64_t size = std::clamp(bytes, uint64_t(1) << 20, uint64_t(1) << 30) / 64 * 64;
  std::unique_ptr<DeviceBuffer> buffer = device.allocate(2 * size, "the copy bandwidth test");
  auto secondsOf = [&](int copies) {
    device.view(*buffer, 0, 1); // Waits for what came before.
    auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < copies; ++i)
      device.copy(*buffer, i % 2 ? size : 0, i % 2 ? 0 : size, size);
    device.view(*buffer, 0, 1);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  constexpr int copies = 8;
  double best = secondsOf(copies), spent = 0;
  for (int pass = 0; pass < 5 || spent < 0.05; ++pass) {
    double seconds = secondsOf(copies);
    best = std::min(best, seconds);
    spent += seconds;
  }
  return 2.0 * double(size) * copies / best;
}
