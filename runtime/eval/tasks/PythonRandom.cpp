//===- PythonRandom.cpp - random.Random of Python -------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/tasks/PythonRandom.h"
#include <algorithm>
#include <bit>

using namespace qopt;

/// init_by_array of Matsumoto and Nishimura's mt19937ar.c, for a key of one or two words.
PythonRandom::PythonRandom(uint64_t seed) {
  const uint32_t key[2] = {uint32_t(seed), uint32_t(seed >> 32)};
  const size_t keyLength = key[1] != 0 ? 2 : 1;
  state[0] = 19650218;
  for (uint32_t i = 1; i < length; ++i)
    state[i] = 1812433253u * (state[i - 1] ^ (state[i - 1] >> 30)) + i;

  size_t i = 1;
  auto advance = [&] {
    if (++i == length) {
      state[0] = state[length - 1];
      i = 1;
    }
  };
  auto mixed = [&] { return state[i - 1] ^ (state[i - 1] >> 30); };
  for (size_t k = 0; k < length; ++k) {
    const uint32_t j = uint32_t(k % keyLength);
    state[i] = (state[i] ^ (mixed() * 1664525u)) + key[j] + j;
    advance();
  }
  for (size_t k = 1; k < length; ++k) {
    state[i] = (state[i] ^ (mixed() * 1566083941u)) - uint32_t(i);
    advance();
  }
  state[0] = 0x80000000u;
}

void PythonRandom::refill() {
  constexpr size_t shift = 397;
  for (size_t i = 0; i < length; ++i) {
    const uint32_t y = (state[i] & 0x80000000u) | (state[(i + 1) % length] & 0x7fffffffu);
    state[i] = state[(i + shift) % length] ^ (y >> 1) ^ (y & 1 ? 0x9908b0dfu : 0);
  }
  used = 0;
}

uint32_t PythonRandom::next() {
  if (used == length)
    refill();
  uint32_t y = state[used++];
  y ^= y >> 11;
  y ^= (y << 7) & 0x9d2c5680u;
  y ^= (y << 15) & 0xefc60000u;
  return y ^ (y >> 18);
}

uint32_t PythonRandom::below(uint32_t n) {
  const int bits = std::bit_width(n);
  for (;;)
    if (const uint32_t drawn = next() >> (32 - bits); drawn < n)
      return drawn;
}
