//===- WindowedAttentionTest.cpp - codes by channel and a window -----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// KIVI as its paper and program have it (models/llama_kivi.py): what a token attends to is found
// here in float64 from what was appended, group by group, and does not depend on how it was
// appended.
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/CacheGeometry.h"
#include "runtime/formats/FloatConvert.h"
#include "test/unit/lowering/KernelTestSupport.h"
#include <cmath>
#include <fmt/format.h>
#include <functional>

using namespace qopt;
using namespace qopt::test;

namespace {

constexpr int64_t kHeads = 4, kKvHeads = 2, kDim = 64, kTokens = 300, kPages = 3;
constexpr int64_t kColumns = kHeads * kDim, kKvColumns = kKvHeads * kDim;
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
  WindowedAttentionTest()
      : random(5), q(random.activation(kTokens, kColumns)),
        k(random.activation(kTokens, kKvColumns)), v(random.activation(kTokens, kKvColumns)) {
    // A channel of keys that stands out, as KIVI has them in mind.
    for (int64_t t = 0; t < kTokens; ++t)
      k[t * strideOf(kKvColumns) + 5] += 6;
  }

  /// The result of all tokens, appended in steps of `chunk`.
  std::vector<float> run(const std::string &keys, const std::string &values, int64_t chunk);
  /// What a token's key and value are to a later one.
  double key(int64_t token, int64_t head, int64_t i, int64_t reader) const;
  double value(int64_t token, int64_t head, int64_t i, int64_t reader) const;
  void check(int64_t bits, int64_t group, int64_t residual);

  Random random;
  Buffer<float> q, k, v;
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
                                      kHeads, kKvHeads, kDim, kColumns, kKvColumns, keys, values,
                                      kScale),
                          GetParam());
  const cpu::CachePool keyLayout{parseCacheFormat(keys), true, kKvHeads, kDim};
  const cpu::CachePool valueLayout{parseCacheFormat(values), false, kKvHeads, kDim};
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
  Buffer<float> queries(kTokens * strideOf(kColumns)), result(kTokens * strideOf(kColumns));
  for (int64_t first = 0; first < kTokens; first += chunk) {
    const int64_t rows = std::min(chunk, kTokens - first);
    seqStart[1] = int32_t(rows);
    past[0] = int32_t(first);
    auto row = [&](const Buffer<float> &buffer, int64_t columns) {
      return buffer.address() + uint64_t(first * strideOf(columns)) * sizeof(float);
    };
    const uint64_t positions = tokenPos.address() + uint64_t(first) * sizeof(int32_t);
    kernels.run("append",
                {row(q, kColumns), row(k, kKvColumns), row(v, kKvColumns), row(queries, kColumns),
                 keyPool.address(), valuePool.address(), keyWindow.address(), valueWindow.address(),
                 slots.address(), tokenSeq.address(), positions, table.address(), uint64_t(kPages),
                 uint64_t(rows)},
                rows, 1, 1, true);
    kernels.run("attention",
                {row(queries, kColumns), row(result, kColumns), keyPool.address(),
                 valuePool.address(), keyWindow.address(), valueWindow.address(), slots.address(),
                 seqStart.address(), past.address(), tokenSeq.address(), positions, table.address(),
                 uint64_t(kPages), uint64_t(rows), 1},
                rows);
  }
  return {result.data(), result.data() + result.size()};
}

double WindowedAttentionTest::key(int64_t token, int64_t head, int64_t i, int64_t reader) const {
  auto keyOf = [&](int64_t t) { return roundToF16(k[t * strideOf(kKvColumns) + head * kDim + i]); };
  if (token >= (reader + 1) / residual * residual)
    return keyOf(token);
  const int64_t first = token / group * group;
  return coded(keyOf(token), [&](int64_t j) { return keyOf(first + j); }, group, bits);
}

double WindowedAttentionTest::value(int64_t token, int64_t head, int64_t i, int64_t reader) const {
  const float *values = &v[token * strideOf(kKvColumns) + head * kDim];
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
  SCOPED_TRACE(keys);
  const std::vector<float> whole = run(keys, values, 128);
  for (int64_t row : {0, 31, 127, 128, 200, 299})
    for (int64_t head = 0; head < kHeads; ++head) {
      const int64_t kvHead = head / (kHeads / kKvHeads);
      std::vector<double> expected(kDim);
      double sum = 0;
      for (int64_t t = 0; t <= row; ++t) {
        double score = 0;
        for (int64_t i = 0; i < kDim; ++i)
          score += q[row * strideOf(kColumns) + head * kDim + i] * key(t, kvHead, i, row);
        const double weight = std::exp(kScale * score);
        sum += weight;
        for (int64_t i = 0; i < kDim; ++i)
          expected[i] += weight * value(t, kvHead, i, row);
      }
      for (int64_t i = 0; i < kDim; ++i)
        ASSERT_NEAR(whole[row * strideOf(kColumns) + head * kDim + i], expected[i] / sum, 1e-4)
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

} // namespace

INSTANTIATE_CPU_LEVELS(WindowedAttentionTest);
