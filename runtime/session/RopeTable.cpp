//===- RopeTable.cpp - cosines and sines of positions ---------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/session/RopeTable.h"

#include <algorithm>
#include <cmath>

using namespace qopt;

RopeTable::RopeTable(const Plan &plan, Device &device, int64_t context)
    : device(device), inverseFrequencies(plan.inverseFrequencies), context(context) {
  if (!inverseFrequencies.empty())
    buffer = device.allocate(uint64_t(context) * inverseFrequencies.size() * 2 * sizeof(float),
                             "the table of rotary angles (try a smaller --ctx)");
}

void RopeTable::require(int64_t positions) {
  if (!buffer || positions <= filled)
    return;
  // Some rows ahead, so that decoding seldom comes here.
  constexpr int64_t step = 128;
  int64_t end = std::min(context, (positions + step - 1) / step * step);
  std::vector<float> rows;
  rows.reserve(size_t(end - filled) * inverseFrequencies.size() * 2);
  for (int64_t position = filled; position < end; ++position)
    for (double frequency : inverseFrequencies) {
      double angle = double(position) * frequency;
      rows.push_back(float(std::cos(angle)));
      rows.push_back(float(std::sin(angle)));
    }
  uint64_t rowBytes = inverseFrequencies.size() * 2 * sizeof(float);
  device.write(*buffer, uint64_t(filled) * rowBytes, std::as_bytes(std::span(rows)));
  filled = end;
}
