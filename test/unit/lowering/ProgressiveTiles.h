//===- ProgressiveTiles.h - what tokens are after two steps -----*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TEST_UNIT_LOWERING_PROGRESSIVETILES_H
#define QOPT_TEST_UNIT_LOWERING_PROGRESSIVETILES_H

#include <cstdint>
#include <functional>
#include <vector>

namespace qopt::test {

/// A number of a progressive tile after both steps, at `row` of a channel's `x`: int8 within 119 of
/// the tile's `largest`, then codes with an integer scale and zero. Quotients are those of f32.
double progressive(const std::vector<double> &x, int64_t row, double largest, int64_t bits);

/// The keys, or values, of a sequence in progressive tiles (TurboAttention, arXiv 2412.08585), in
/// float64.
class ProgressiveTiles {
public:
  using Numbers = std::function<double(int64_t token, int64_t head, int64_t i)>;
  ProgressiveTiles(int64_t tokens, int64_t heads, int64_t dim, int64_t tile, int64_t bits,
                   const Numbers &numbers);

  int64_t completeTokens() const { return tokens / tile * tile; }
  /// Of a complete tile.
  double coded(int64_t token, int64_t head, int64_t i) const {
    return codes[index(token, head, i)];
  }
  /// What an element of a token is to the token `reader`.
  double at(int64_t token, int64_t head, int64_t i, int64_t reader) const;

private:
  size_t index(int64_t token, int64_t head, int64_t i) const {
    return size_t((token * heads + head) * dim + i);
  }

  int64_t tokens, heads, dim, tile;
  std::vector<double> recent, codes;
};

} // namespace qopt::test

#endif // QOPT_TEST_UNIT_LOWERING_PROGRESSIVETILES_H
