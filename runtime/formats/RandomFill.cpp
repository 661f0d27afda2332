//===- RandomFill.cpp - reproducible random weights -----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/RandomFill.h"

#include "runtime/formats/FloatConvert.h"
#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>

using namespace qopt;

/// The finalizer of splitmix64 (Steele, Lea, Flood 2014).
static uint64_t mix(uint64_t word) {
  word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9;
  word = (word ^ (word >> 27)) * 0x94d049bb133111eb;
  return word ^ (word >> 31);
}

uint64_t qopt::randomTensorKey(uint64_t seed, std::string_view tensorName) {
  uint64_t hash = 0xcbf29ce484222325; // FNV-1a
  for (unsigned char byte : tensorName)
    hash = (hash ^ byte) * 0x100000001b3;
  return mix(mix(seed) ^ hash);
}

/// The four lanes of the group of elements from 4 * group on.
static uint64_t randomWord(uint64_t key, uint64_t group) {
  return mix(key + 0x9e3779b97f4a7c15 * (group + 1));
}

static float laneValue(uint64_t word, unsigned lane, float scale) {
  int32_t bits = int32_t((word >> (16 * lane)) & 0xffff);
  return float(2 * bits - 65535) * scale;
}

/// The elements from `firstElement` on, as float32.
static void fillF32(uint64_t key, uint64_t firstElement, float scale, std::span<float> elements) {
  size_t i = 0;
  auto fillSingly = [&](size_t end) {
    for (; i < end; ++i) {
      uint64_t index = firstElement + i;
      elements[i] = laneValue(randomWord(key, index / 4), index % 4, scale);
    }
  };
  // Whole words between a head and a tail of single elements.
  fillSingly(std::min<size_t>(elements.size(), -firstElement % 4));
  for (; i + 4 <= elements.size(); i += 4) {
    uint64_t word = randomWord(key, (firstElement + i) / 4);
    for (unsigned lane = 0; lane < 4; ++lane)
      elements[i + lane] = laneValue(word, lane, scale);
  }
  fillSingly(elements.size());
}

void qopt::randomFill(uint64_t key, uint64_t firstElement, float sigma, DType dtype,
                      std::span<std::byte> elements) {
  float scale = float(std::sqrt(3.0) * sigma / 65536);
  size_t elementSize = byteSize(dtype);
  assert(elements.size() % elementSize == 0);
  // In blocks that stay in the first-level cache, as narrowing is fast only in bulk.
  std::array<float, 1024> block;
  while (elements.size() >= elementSize) {
    size_t count = std::min(block.size(), elements.size() / elementSize);
    std::span<float> values = std::span(block).first(count);
    fillF32(key, firstElement, scale, values);
    convertFromF32(values, dtype, elements.first(count * elementSize));
    elements = elements.subspan(count * elementSize);
    firstElement += count;
  }
}
