//===- ProgressiveTiles.cpp - what tokens are after two steps -------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/unit/lowering/ProgressiveTiles.h"
#include "runtime/formats/FloatConvert.h"
#include <algorithm>
#include <cmath>

using namespace qopt;
using namespace qopt::test;

static double toF16(double value) { return f16ToF32(f32ToF16(float(value))); }

double test::progressive(const std::vector<double> &x, int64_t row, double largest, int64_t bits) {
  const double scale = toF16(largest / 119), codes = double((int64_t(1) << bits) - 1);
  std::vector<double> tile;
  for (double value : x)
    tile.push_back(std::clamp(double(std::nearbyintf(float(value) / float(scale))), -119., 119.));
  const auto [least, most] = std::ranges::minmax(tile);
  const double step = std::max(1., double(std::nearbyint((most - least) / codes)));
  const double code = std::clamp(std::nearbyint((tile[size_t(row)] - least) / step), 0., codes);
  return scale * (code * step + least);
}

ProgressiveTiles::ProgressiveTiles(int64_t tokens, int64_t heads, int64_t dim, int64_t tile,
                                   int64_t bits, const Numbers &numbers)
    : tokens(tokens), heads(heads), dim(dim), tile(tile), recent(size_t(tokens * heads * dim)),
      codes(recent.size()) {
  for (int64_t t = 0; t < tokens; ++t)
    for (int64_t head = 0; head < heads; ++head)
      for (int64_t i = 0; i < dim; ++i)
        recent[index(t, head, i)] = toF16(numbers(t, head, i));
  for (int64_t first = 0; first < completeTokens(); first += tile)
    for (int64_t head = 0; head < heads; ++head) {
      double largest = 0;
      std::vector<std::vector<double>> channels(static_cast<size_t>(dim));
      for (int64_t i = 0; i < dim; ++i)
        for (int64_t t = first; t < first + tile; ++t) {
          channels[size_t(i)].push_back(recent[index(t, head, i)]);
          largest = std::max(largest, std::abs(channels[size_t(i)].back()));
        }
      for (int64_t i = 0; i < dim; ++i)
        for (int64_t t = first; t < first + tile; ++t)
          codes[index(t, head, i)] = progressive(channels[size_t(i)], t - first, largest, bits);
    }
}

double ProgressiveTiles::at(int64_t token, int64_t head, int64_t i, int64_t reader) const {
  const bool isComplete = token < (reader + 1) / tile * tile;
  return (isComplete ? codes : recent)[index(token, head, i)];
}
