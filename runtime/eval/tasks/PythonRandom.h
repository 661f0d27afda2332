//===- PythonRandom.h - random.Random of Python -----------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EVAL_TASKS_PYTHONRANDOM_H
#define QOPT_RUNTIME_EVAL_TASKS_PYTHONRANDOM_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace qopt {

/// The numbers of Python's `random.Random(seed)`: MT19937, seeded by init_by_array with the words
/// of the seed (Modules/_randommodule.c).
class PythonRandom {
public:
  explicit PythonRandom(uint64_t seed);

  uint32_t next();
  /// As `_randbelow_with_getrandbits`: uniform in [0, n) for 0 < n < 2^32.
  uint32_t below(uint32_t n);

  /// `random.shuffle`. At most 2^32 - 1 items.
  template <typename T> void shuffle(std::vector<T> &items) {
    for (size_t i = items.size(); i-- > 1;)
      std::swap(items[i], items[below(uint32_t(i + 1))]);
  }

private:
  static constexpr size_t length = 624;
  void refill();

  std::array<uint32_t, length> state;
  size_t used = length;
};

} // namespace qopt

#endif // QOPT_RUNTIME_EVAL_TASKS_PYTHONRANDOM_H
