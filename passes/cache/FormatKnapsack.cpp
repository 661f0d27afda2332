//===- FormatKnapsack.cpp - formats under a budget ------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/cache/FormatKnapsack.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

using namespace qopt;

using Items = std::vector<std::vector<FormatOption>>;

namespace {

/// Least sums of kl by sums of bytes: row i is of the first i items.
class Table {
public:
  Table(const Items &items, int64_t bytes);

  /// The least sum of kl with exactly so many units; infinite where no choice has them.
  double kl(int64_t sum) const { return least[size_t(sum)]; }
  int64_t units() const { return int64_t(least.size()) - 1; }
  std::vector<size_t> choicesFor(int64_t sum) const;

private:
  const Items &items;
  int64_t unit = 0; ///< bytes that all options are multiples of
  std::vector<double> least;
  std::vector<std::vector<uint8_t>> chosen; ///< [item][sum]
};

} // namespace

Table::Table(const Items &items, int64_t bytes) : items(items) {
  int64_t most = 0;
  for (const std::vector<FormatOption> &options : items) {
    for (const FormatOption &option : options)
      unit = std::gcd(unit, option.bytes);
    most += std::ranges::max(options, {}, &FormatOption::bytes).bytes;
  }
  const size_t units = size_t(std::max<int64_t>(std::min(bytes, most), 0) / unit);
  constexpr double none = std::numeric_limits<double>::infinity();
  least.assign(units + 1, none);
  least[0] = 0;
  for (const std::vector<FormatOption> &options : items) {
    std::vector<double> next(units + 1, none);
    std::vector<uint8_t> choice(units + 1);
    for (size_t o = 0; o < options.size(); ++o)
      for (size_t size = size_t(options[o].bytes / unit), sum = size; sum <= units; ++sum)
        if (double kl = least[sum - size] + options[o].kl; kl < next[sum]) {
          next[sum] = kl;
          choice[sum] = uint8_t(o);
        }
    least = std::move(next);
    chosen.push_back(std::move(choice));
  }
}

std::vector<size_t> Table::choicesFor(int64_t sum) const {
  std::vector<size_t> choices(items.size());
  for (size_t i = items.size(); i-- > 0;) {
    choices[i] = chosen[i][size_t(sum)];
    sum -= items[i][choices[i]].bytes / unit;
  }
  return choices;
}

std::optional<std::vector<size_t>> qopt::chooseWithinBytes(const Items &items, int64_t bytes) {
  const Table table(items, bytes);
  int64_t best = 0;
  for (int64_t sum = 1; sum <= table.units(); ++sum)
    if (table.kl(sum) < table.kl(best))
      best = sum;
  if (!std::isfinite(table.kl(best)))
    return std::nullopt;
  return table.choicesFor(best);
}

std::optional<std::vector<size_t>> qopt::chooseWithinDivergence(const Items &items, double kl) {
  const Table table(items, std::numeric_limits<int64_t>::max());
  for (int64_t sum = 0; sum <= table.units(); ++sum)
    if (table.kl(sum) <= kl)
      return table.choicesFor(sum);
  return std::nullopt;
}
