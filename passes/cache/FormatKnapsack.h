//===- FormatKnapsack.h - formats under a budget ----------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_PASSES_CACHE_FORMATKNAPSACK_H
#define QOPT_PASSES_CACHE_FORMATKNAPSACK_H

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace qopt {

/// A format that keys or values of a layer could have: bytes a token takes, and what it costs.
struct FormatOption {
  int64_t bytes;
  double kl;
};

/// Chooses one option for each of `items`, each of which has some, such that the sum of their kl is
/// least with at most `bytes` in all: the multiple-choice knapsack problem, solved exactly over
/// sums of bytes (divided by what all have in common). Of equal ones the choice of fewer bytes. The
/// choices are indices; nothing where even the smallest are too large.
std::optional<std::vector<size_t>>
chooseWithinBytes(const std::vector<std::vector<FormatOption>> &items, int64_t bytes);

/// The same with the fewest bytes whose kl sum to at most `kl`.
std::optional<std::vector<size_t>>
chooseWithinDivergence(const std::vector<std::vector<FormatOption>> &items, double kl);

} // namespace qopt

#endif // QOPT_PASSES_CACHE_FORMATKNAPSACK_H
