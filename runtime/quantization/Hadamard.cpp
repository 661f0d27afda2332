//===- Hadamard.cpp - rotation of heads -----------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/quantization/Hadamard.h"

#include <cmath>

using namespace qopt;

std::vector<float> qopt::hadamardSigns(uint32_t seed, int64_t size) {
  std::vector<float> signs;
  uint64_t state = seed;
  for (int64_t i = 0; i < size; ++i) {
    state += 0x9e3779b97f4a7c15u;
    uint64_t z = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    signs.push_back((z ^ (z >> 31)) & 1 ? -1.0f : 1.0f);
  }
  return signs;
}

static void transform(std::span<float> x) {
  for (size_t distance = 1; distance < x.size(); distance *= 2)
    for (size_t i = 0; i < x.size(); ++i)
      if (!(i & distance)) {
        float low = x[i], high = x[i + distance];
        x[i] = low + high;
        x[i + distance] = low - high;
      }
  const float scale = float(1 / std::sqrt(double(x.size())));
  for (float &value : x)
    value *= scale;
}

void qopt::rotate(std::span<float> x, std::span<const float> signs) {
  for (size_t i = 0; i < x.size(); ++i)
    x[i] *= signs[i];
  transform(x);
}

void qopt::rotateBack(std::span<float> x, std::span<const float> signs) {
  transform(x);
  for (size_t i = 0; i < x.size(); ++i)
    x[i] *= signs[i];
}
