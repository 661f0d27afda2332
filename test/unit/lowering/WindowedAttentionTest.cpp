//===- WindowedAttentionTest.cpp - codes by channel and a window -----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// KIVI as its paper and program have it (models/llama_kivi.py), and TurboAttention's tiles in two
// steps: what a token attends to is found here in float64 from what was appended, group by group,
// and does not depend on how it was appended.
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/CacheGeometry.h"
#include "runtime/formats/FloatConvert.h"
#include "test/unit/lowering/KernelTestSupport.h"
#include "test/unit/lowering/ProgressiveTiles.h"
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <functional>

using namespace qopt;
using namespace qopt::test;

namespace {

constexpr int64_t kHeads = 4, kKvHeads = 2, kTokens = 300, kPages = 3;
constexpr double kScale = 0.2;

double roundToF16(double value) { return f16ToF32(f32ToF16(float(value))); }

/// A number of a group after coding: asymmetric, scale and zero in f16.
double coded(double x, const std::function<double(int64_t)> &group, int64_t size, int64_t bits) {
  double least = INFINITY, most = -INFINITY;
  for (int64_t i = 0; i < size; ++i) {
    least = std::min(least, group(i));
    most = std::max(most, group(i));
  }
  const double codes = double((int64_t(1) << bits) - 1);
  const double scale = roundToF16((most - least) / codes), zero = roundToF16(least);
  const double code = std::clamp(std::nearbyint((x - zero) / scale), 0.0, codes);
  return zero + scale * code;
}

class WindowedAttentionTest : public CpuLevels {
protected:
  WindowedAttentionTest() { setHeads(64); }

  /// Draws heads of `headDim` elements.
  void setHeads(int64_t headDim) {
    dim = headDim;
    columns = kHeads * dim;
    kvColumns = kKvHeads * dim;
    q = random.activation(kTokens, columns);
    k = random.activation(kTokens, kvColumns);
    v = random.activation(kTokens, kvColumns);
    // A channel of keys that stands out, as KIVI has them in mind.
    for (int64_t t = 0; t < kTokens; ++t)
      k[t * strideOf(kvColumns) + 5] += 6;
  }

  /// The result of all tokens, appended in steps of `chunk`.
  std::vector<float> run(const std::string &keys, const std::string &values, int64_t chunk);
  /// What a token's key and value are to a later one.
  double key(int64_t token, int64_t head, int64_t i, int64_t reader) const;
  double value(int64_t token, int64_t head, int64_t i, int64_t reader) const;
  void check(int64_t bits, int64_t group, int64_t residual);
  /// What an element of a token is to a later one.
  using Number = std::function<double(int64_t token, int64_t head, int64_t i, int64_t reader)>;
  /// The numbers of `x` in progressive tiles.
  Number inTiles(const Buffer<float> &x) const;
  void checkProgressive(int64_t bits, int64_t group);
  /// Checks the results of some rows, and that other steps give the same.
  void compare(const std::string &keys, const std::string &values, const Number &keyOf,
               const Number &valueOf);

  Random random{5};
  Buffer<float> q{0}, k{0}, v{0};
  int64_t dim = 0, columns = 0, kvColumns = 0;
  int64_t bits = 0, group = 0, residual = 0;
};

std::vector<float> WindowedAttentionTest::run(const std::string &keys, const std::string &values,
                                              int64_t chunk) {
  CompiledKernels kernels(fmt::format(R"(
    llm.cache @layer {{kv_heads = {1}, head_dim = {2}, k = "{5}", v = "{6}"}}
    func.func @f(%q: tensor<?x{3}xf32>, %k: tensor<?x{4}xf32>) attributes {{kernel.target = "cpu"}} {{
      %0 = kernel.rope_append %q, %k, %k into @layer
          {{heads = {0}, offsets = array<i64: 0, 0, 0>, kernel = "append"}}
          : tensor<?x{3}xf32>, tensor<?x{4}xf32>, tensor<?x{4}xf32> -> tensor<?x{3}xf32>
      %1 = kernel.attention %0 over @layer {{heads = {0}, scale = {7}, kernel = "attention"}}
          : tensor<?x{3}xf32> -> tensor<?x{3}xf32>
      return
    }})",
                                      kHeads, kKvHeads, dim, columns, kvColumns, keys, values,
                                      kScale),
                          GetParam());
  const cpu::CachePool keyLayout{parseCacheFormat(keys), true, kKvHeads, dim};
  const cpu::CachePool valueLayout{parseCacheFormat(values), false, kKvHeads, dim};
  constexpr int64_t slot = 1; // of two sequences
  Buffer<char> keyPool(kPages * kKvHeads * keyLayout.blockBytes()),
      valuePool(kPages * kKvHeads * valueLayout.blockBytes()),
      keyWindow(2 * kKvHeads * keyLayout.windowBytes()),
      valueWindow(2 * kKvHeads * valueLayout.windowBytes());
  Buffer<int32_t> slots(1, slot), seqStart(2), past(1), tokenSeq(kTokens), tokenPos(kTokens),
      table(kPages);
  for (int64_t page = 0; page < kPages; ++page)
    table[page] = int32_t((page + 1) % kPages);
  for (int64_t t = 0; t < kTokens; ++t)
    tokenPos[t] = int32_t(t);
  Buffer<float> queries(kTokens * strideOf(columns)), result(kTokens * strideOf(columns));
  for (int64_t first = 0; first < kTokens; first += chunk) {
    const int64_t rows = std::min(chunk, kTokens - first);
    seqStart[1] = int32_t(rows);
    past[0] = int32_t(first);
    auto row = [&](const Buffer<float> &buffer, int64_t width) {
      return buffer.address() + uint64_t(first * strideOf(width)) * sizeof(float);
    };
    const uint64_t positions = tokenPos.address() + uint64_t(first) * sizeof(int32_t);
    kernels.run("append",
                {row(q, columns), row(k, kvColumns), row(v, kvColumns), row(queries, columns),
                 keyPool.address(), valuePool.address(), keyWindow.address(), valueWindow.address(),
                 slots.address(), tokenSeq.address(), positions, table.address(), uint64_t(kPages),
                 uint64_t(rows)},
                rows, 1, 1, true);
    kernels.run("attention",
                {row(queries, columns), row(result, columns), keyPool.address(),
                 valuePool.address(), keyWindow.address(), valueWindow.address(), slots.address(),
                 seqStart.address(), past.address(), tokenSeq.address(), positions, table.address(),
                 uint64_t(kPages), uint64_t(rows), 1},
                rows);
  }
  return {result.data(), result.data() + result.size()};
}

double WindowedAttentionTest::key(int64_t token, int64_t head, int64_t i, int64_t reader) const {
  auto keyOf = [&](int64_t t) { return roundToF16(k[t * strideOf(kvColumns) + head * dim + i]); };
  if (token >= (reader + 1) / residual * residual)
    return keyOf(token);
  const int64_t first = token / group * group;
  return coded(keyOf(token), [&](int64_t j) { return keyOf(first + j); }, group, bits);
}

double WindowedAttentionTest::value(int64_t token, int64_t head, int64_t i, int64_t reader) const {
  const float *values = &v[token * strideOf(kvColumns) + head * dim];
  if (token > reader - residual)
    return roundToF16(values[i]);
  const int64_t first = i / group * group;
  return coded(values[i], [&](int64_t j) { return values[first + j]; }, group, bits);
}

void WindowedAttentionTest::check(int64_t codeBits, int64_t groupSize, int64_t window) {
  bits = codeBits;
  group = groupSize;
  residual = window;
  const std::string values =
      fmt::format("int{} asymmetric group={} residual={}", bits, group, residual);
  const std::string keys =
      fmt::format("int{} asymmetric channels group={} residual={}", bits, group, residual);
  compare(
      keys, values,
      [&](int64_t t, int64_t head, int64_t i, int64_t row) { return key(t, head, i, row); },
      [&](int64_t t, int64_t head, int64_t i, int64_t row) { return value(t, head, i, row); });
}

WindowedAttentionTest::Number WindowedAttentionTest::inTiles(const Buffer<float> &x) const {
  ProgressiveTiles tiles(kTokens, kKvHeads, dim, group, bits,
                         [&](int64_t t, int64_t head, int64_t i) {
                           return double(x[t * strideOf(kvColumns) + head * dim + i]);
                         });
  return [tiles](int64_t token, int64_t head, int64_t i, int64_t reader) {
    return tiles.at(token, head, i, reader);
  };
}

void WindowedAttentionTest::checkProgressive(int64_t codeBits, int64_t tile) {
  bits = codeBits;
  group = tile;
  const std::string format =
      fmt::format("int{} asymmetric channels progressive group={} residual={}", bits, tile, tile);
  compare(format, format, inTiles(k), inTiles(v));
}

void WindowedAttentionTest::compare(const std::string &keys, const std::string &values,
                                    const Number &keyOf, const Number &valueOf) {
  SCOPED_TRACE(keys);
  const std::vector<float> whole = run(keys, values, 128);
  for (int64_t row : {0, 31, 127, 128, 200, 299})
    for (int64_t head = 0; head < kHeads; ++head) {
      const int64_t kvHead = head / (kHeads / kKvHeads);
      std::vector<double> expected(dim);
      double sum = 0;
      for (int64_t t = 0; t <= row; ++t) {
        double score = 0;
        for (int64_t i = 0; i < dim; ++i)
          score += q[row * strideOf(columns) + head * dim + i] * keyOf(t, kvHead, i, row);
        const double weight = std::exp(kScale * score);
        sum += weight;
        for (int64_t i = 0; i < dim; ++i)
          expected[i] += weight * valueOf(t, kvHead, i, row);
      }
      for (int64_t i = 0; i < dim; ++i)
        ASSERT_NEAR(whole[row * strideOf(columns) + head * dim + i], expected[i] / sum, 1e-4)
            << "row " << row << ", head " << head << ", element " << i;
    }
  // However tokens come, each attends to the same.
  for (int64_t chunk : {1, 37})
    ASSERT_EQ(run(keys, values, chunk), whole) << "in steps of " << chunk;
}

TEST_P(WindowedAttentionTest, TwoBits) { check(2, 32, 128); }
TEST_P(WindowedAttentionTest, FourBits) { check(4, 32, 32); }
TEST_P(WindowedAttentionTest, OtherSizes) {
  check(4, 16, 96);
  check(2, 64, 64);
}

// A unit that both steps round: int8 codes 119, 60, -119 and 0 of the channel, whose range of 238
// makes steps of 16 and 79.
TEST(ProgressiveTest, WorkedByHand) {
  const std::vector<double> channel = {11.9, 6, -11.9, 0};
  const double scale = roundToF16(0.1);
  const double four[] = {-119 + 15 * 16, -119 + 11 * 16, -119, -119 + 7 * 16};
  const double two[] = {-119 + 3 * 79, -119 + 2 * 79, -119, -119 + 2 * 79};
  for (int64_t i = 0; i < 4; ++i) {
    EXPECT_DOUBLE_EQ(progressive(channel, i, 11.9, 4), scale * four[i]);
    EXPECT_DOUBLE_EQ(progressive(channel, i, 11.9, 2), scale * two[i]);
  }
}

TEST_P(WindowedAttentionTest, Progressive) {
  checkProgressive(4, 64);
  // Bytes that the last values share with none.
  setHeads(48);
  checkProgressive(2, 16);
}

} // namespace

INSTANTIATE_CPU_LEVELS(WindowedAttentionTest);
