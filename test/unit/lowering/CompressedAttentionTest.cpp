//===- CompressedAttentionTest.cpp - append and attention on codes ---------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tokens are appended to a compressed cache and attended to; the result is that of float64
// attention over what each head is after coding (CodedHead.h).
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/CacheGeometry.h"
#include "test/unit/lowering/CodedHead.h"
#include "test/unit/lowering/KernelTestSupport.h"
#include <cmath>
#include <fmt/format.h>

using namespace qopt;
using namespace qopt::test;

namespace {

constexpr int64_t kTokens = 150, kNewest = 3;

struct Shape {
  int64_t heads, kvHeads, dim;
};

class CompressedAttentionTest : public CpuLevels {
protected:
  void check(const Shape &shape, const std::string &keys, const std::string &values);
};

void CompressedAttentionTest::check(const Shape &shape, const std::string &keys,
                                    const std::string &values) {
  SCOPED_TRACE(keys + ", " + values);
  const int64_t dim = shape.dim, qColumns = shape.heads * dim, kvColumns = shape.kvHeads * dim;
  CompiledKernels kernels(fmt::format(R"(
    llm.cache @layer {{kv_heads = {1}, head_dim = {2}, k = "{5}", v = "{6}"}}
    func.func @f(%q: tensor<?x{3}xf32>, %k: tensor<?x{4}xf32>) attributes {{kernel.target = "cpu"}} {{
      %0 = kernel.rope_append %q, %k, %k into @layer
          {{heads = {0}, offsets = array<i64: 0, 0, 0>, kernel = "append"}}
          : tensor<?x{3}xf32>, tensor<?x{4}xf32>, tensor<?x{4}xf32> -> tensor<?x{3}xf32>
      %1 = kernel.attention %0 over @layer {{heads = {0}, scale = 0.3, kernel = "attention"}}
          : tensor<?x{3}xf32> -> tensor<?x{3}xf32>
      return
    }})",
                                      shape.heads, shape.kvHeads, dim, qColumns, kvColumns, keys,
                                      values),
                          GetParam());
  const CacheFormat keyFormat = parseCacheFormat(keys), valueFormat = parseCacheFormat(values);
  const cpu::CachePool keyLayout{keyFormat, true, shape.kvHeads, dim};
  const cpu::CachePool valueLayout{valueFormat, false, shape.kvHeads, dim};
  constexpr int64_t kPages = 2;
  Buffer<char> keyPool(kPages * shape.kvHeads * keyLayout.blockBytes());
  Buffer<char> valuePool(kPages * shape.kvHeads * valueLayout.blockBytes());
  Random random(11);
  Buffer<float> q = random.activation(kTokens, qColumns), k = random.activation(kTokens, kvColumns),
                v = random.activation(kTokens, kvColumns);
  const int64_t qStride = strideOf(qColumns), kvStride = strideOf(kvColumns);
  // Heads of different magnitudes, one element of which stands out.
  for (int64_t t = 0; t < kTokens; ++t)
    for (int64_t h = 0; h < shape.kvHeads; ++h) {
      k[t * kvStride + h * dim + 3] *= 4;
      v[t * kvStride + h * dim] += 0.5f * float(t % 5);
    }
  Buffer<int32_t> seqStart(2), past(1), tokenSeq(kTokens), tokenPos(kTokens), table(kPages);
  seqStart[1] = int32_t(kTokens);
  table[0] = 1;
  for (int64_t t = 0; t < kTokens; ++t)
    tokenPos[t] = int32_t(t);
  Buffer<float> queries(kTokens * qStride), result(kTokens * qStride);
  kernels.run("append",
              {q.address(), k.address(), v.address(), queries.address(), keyPool.address(),
               valuePool.address(), tokenSeq.address(), tokenPos.address(), table.address(),
               uint64_t(kPages), uint64_t(kTokens)},
              kTokens, 1, 3, true);
  CompiledKernels::Arguments attend = {queries.address(),   result.address(),   keyPool.address(),
                                       valuePool.address(), seqStart.address(), past.address(),
                                       tokenSeq.address(),  tokenPos.address(), table.address(),
                                       uint64_t(kPages),    uint64_t(kTokens),  1};
  kernels.run("attention", attend, kTokens);

  std::vector<Vector> keyOf, valueOf; // [token * kvHeads + head]
  for (int64_t t = 0; t < kTokens; ++t)
    for (int64_t h = 0; h < shape.kvHeads; ++h) {
      keyOf.push_back(codedHead(&k[t * kvStride + h * dim], dim, keyFormat));
      valueOf.push_back(codedHead(&v[t * kvStride + h * dim], dim, valueFormat));
    }
  // Queries and weights that meet linear codes are rounded to 16 bits.
  const bool rounds = keyFormat.linear() || valueFormat.linear();
  const double tolerance = rounds ? 1e-4 : 2e-5;
  for (int64_t row : {int64_t(0), int64_t(77), kTokens - kNewest, kTokens - 1})
    for (int64_t h = 0; h < shape.heads; ++h) {
      const int64_t kvHead = h / (shape.heads / shape.kvHeads);
      Vector expected(dim);
      double sum = 0;
      for (int64_t t = 0; t <= row; ++t) {
        double score = 0;
        for (int64_t i = 0; i < dim; ++i)
          score += double(q[row * qStride + h * dim + i]) * keyOf[t * shape.kvHeads + kvHead][i];
        const double weight = std::exp(0.3 * score);
        sum += weight;
        for (int64_t i = 0; i < dim; ++i)
          expected[i] += weight * valueOf[t * shape.kvHeads + kvHead][i];
      }
      for (int64_t i = 0; i < dim; ++i)
        ASSERT_NEAR(result[row * qStride + h * dim + i], expected[i] / sum, tolerance)
            << "row " << row << ", head " << h << ", element " << i;
    }

  // The newest tokens alone, as generation has them: the same bits.
  const std::vector<float> together(result.data(), result.data() + result.size());
  for (int64_t row = kTokens - kNewest; row < kTokens; ++row) {
    const int64_t offset = row * qStride * int64_t(sizeof(float));
    seqStart[1] = 1;
    attend[0] = queries.address() + uint64_t(offset);
    attend[1] = result.address() + uint64_t(offset);
    attend[7] = tokenPos.address() + uint64_t(row) * sizeof(int32_t);
    attend[10] = 1;
    kernels.run("attention", attend, 1);
    for (int64_t i = 0; i < qColumns; ++i)
      ASSERT_EQ(result[row * qStride + i], together[row * qStride + i]);
  }
}

constexpr Shape kGrouped = {4, 2, 64}, kWide = {2, 2, 128}, kOdd = {3, 1, 20};

TEST_P(CompressedAttentionTest, RoundedFloats) {
  check(kGrouped, "f16", "bf16");
  check(kOdd, "bf16", "f16");
  check(kGrouped, "native", "f16 hadamard=7");
}

TEST_P(CompressedAttentionTest, Integers) {
  check(kGrouped, "int8", "int8");
  check(kGrouped, "int8 asymmetric", "int8 asymmetric");
  check(kWide, "int4", "int4");
  check(kWide, "int4 asymmetric group=32", "int4 asymmetric group=32");
  check(kGrouped, "int2 asymmetric group=16", "int2 asymmetric");
  check(kGrouped, "int2", "native");
  check(kOdd, "int4 asymmetric", "int8 asymmetric");
  check(kOdd, "int8", "int2 asymmetric");
}

TEST_P(CompressedAttentionTest, SearchedRanges) {
  check(kGrouped, "int4 asymmetric search", "int2 asymmetric search group=32");
  check(kWide, "int4 search group=32", "int2 search");
  check(kOdd, "int4 asymmetric search", "int4 search");
}

TEST_P(CompressedAttentionTest, StaticIntegers) {
  check(kGrouped, "int8 static=0.03:0", "int8 static=0.02:0.25");
  check(kGrouped, "int8 static=0.03:-0.5", "int8 static=0.02:0");
}

TEST_P(CompressedAttentionTest, SmallFloats) {
  check(kGrouped, "fp8_e4m3", "fp8_e5m2");
  check(kWide, "fp8_e5m2 group=32", "fp8_e4m3 group=64");
}

TEST_P(CompressedAttentionTest, Tables) {
  check(kGrouped, "uniform8 scales=8:9.094947017729282e-13:1.189207115002721",
        "uniform5 scales=8:9.094947017729282e-13:1.189207115002721");
  check(kGrouped, "uniform4 scales=3:0.5:1.2", "uniform2 scales=4:1:1.1");
  check(kGrouped, "lloyd_max6 scales=5:0.25:1.2", "lloyd_max8 scales=4:0.4:1.1");
  check(kWide, "lloyd_max3", "lloyd_max4 group=64");
}

// Of widths that are split between bytes, every one of keys meets another of values.
TEST_P(CompressedAttentionTest, CodesSplitBetweenBytes) {
  const int64_t widths[] = {3, 5, 6, 7};
  for (int64_t i = 0; i < 4; ++i) {
    const int64_t keys = widths[i], values = widths[(i + 1) % 4];
    check(kGrouped, fmt::format("uniform{}", keys), fmt::format("uniform{}", values));
    check(kGrouped, fmt::format("lloyd_max{}", keys), fmt::format("lloyd_max{}", values));
  }
}

// Heads and groups of no whole streams, of which linear codes take 4 or 8 bits.
TEST_P(CompressedAttentionTest, OddHeadsOfSplitCodes) {
  for (int64_t bits : {3, 5, 6, 7}) {
    check(kOdd, fmt::format("uniform{}", bits), fmt::format("uniform{}", bits));
    check(kOdd, fmt::format("lloyd_max{}", bits), fmt::format("lloyd_max{}", bits));
  }
  check(kWide, "uniform3 group=64", "uniform5 group=64");
  check(kGrouped, "lloyd_max3 group=16", "lloyd_max6 group=16 hadamard=3");
  check(kGrouped, "uniform6 group=16", "uniform6 group=32");
  check(kGrouped, "uniform5 group=16", "uniform7 group=32");
  check({2, 1, 80}, "uniform6", "uniform6");
  check({2, 1, 96}, "uniform3", "uniform6 group=32");
}

TEST_P(CompressedAttentionTest, RotatedCodes) {
  check(kGrouped, "int4 hadamard=1", "int4 asymmetric hadamard=2");
  check(kWide, "lloyd_max4 hadamard=1", "lloyd_max2 hadamard=1");
}

} // namespace

INSTANTIATE_CPU_LEVELS(CompressedAttentionTest);
