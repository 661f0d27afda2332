//===- AttentionTest.cpp - rotation, append and attention against float64 ----===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/unit/lowering/KernelTestSupport.h"
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <numeric>

using namespace qopt;
using namespace qopt::test;

namespace {

constexpr int64_t kPage = 128;

struct Heads {
  int64_t heads, kvHeads, dim;

  int64_t group() const { return heads / kvHeads; }
  int64_t paddedDim() const { return roundUp(dim, 16); }
};

/// Sequences packed into one batch, with their pages scattered over the pool.
struct Batch {
  std::vector<int32_t> past, count;
  Buffer<int32_t> seqStart, pasts, tokenSeq, tokenPos, pageTable;
  int64_t rows, maxPages, pages;

  Batch(std::vector<int32_t> past, std::vector<int32_t> count)
      : past(past), count(count), seqStart(count.size() + 1), pasts(count.size()),
        tokenSeq(std::accumulate(count.begin(), count.end(), 0)), tokenPos(tokenSeq.size()),
        pageTable(count.size() * kMaxPages, -1), rows(tokenSeq.size()), maxPages(kMaxPages),
        pages(count.size() * kMaxPages) {
    int32_t row = 0;
    for (size_t s = 0; s < count.size(); ++s) {
      seqStart[s] = row;
      pasts[s] = past[s];
      for (int32_t i = 0; i < count[s]; ++i, ++row) {
        tokenSeq[row] = int32_t(s);
        tokenPos[row] = past[s] + i;
      }
      for (int64_t p = 0; p * kPage < past[s] + count[s]; ++p)
        pageTable[s * kMaxPages + p] = pageOf(s, p);
    }
    seqStart[count.size()] = row;
  }

  /// Pages of a sequence lie in the pool in falling order.
  int32_t pageOf(int64_t sequence, int64_t page) const {
    return int32_t((sequence + 1) * kMaxPages - 1 - page);
  }

  static constexpr int64_t kMaxPages = 4;
};

/// The pools of one layer and where the elements of a token lie in them. Unused memory is NaN.
struct Cache {
  Heads heads;
  Buffer<float> keys, values;

  Cache(const Heads &heads, int64_t pages)
      : heads(heads),
        keys(pages * heads.kvHeads * heads.dim * kPage, std::numeric_limits<float>::quiet_NaN()),
        values(pages * heads.kvHeads * kPage * heads.paddedDim(),
               std::numeric_limits<float>::quiet_NaN()) {}

  float &key(int64_t page, int64_t head, int64_t slot, int64_t i) {
    return keys[((page * heads.kvHeads + head) * heads.dim + i) * kPage + slot];
  }
  float &value(int64_t page, int64_t head, int64_t slot, int64_t i) {
    return values[((page * heads.kvHeads + head) * kPage + slot) * heads.paddedDim() + i];
  }
};

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

std::string attentionText(const Heads &heads, const std::string &rows,
                          const std::string &config = "") {
  return fmt::format(R"(
    llm.cache @layer {{kv_heads = {1}, head_dim = {2}, k = "native", v = "native"}}
    func.func @f(%q: tensor<{3}x{4}xf32>) attributes {{kernel.target = "cpu"}} {{
      %0 = kernel.attention %q over @layer {{heads = {0}, scale = 0.3, kernel = "attention"{5}}}
          : tensor<{3}x{4}xf32> -> tensor<{3}x{4}xf32>
      return
    }})",
                     heads.heads, heads.kvHeads, heads.dim, rows, heads.heads * heads.dim, config);
}

class AttentionTest : public CpuLevels {
protected:
  /// A cache that holds every token of the batch's sequences.
  Cache fill(const Heads &heads, const Batch &batch, Random &random) {
    Cache cache(heads, batch.pages);
    for (size_t s = 0; s < batch.count.size(); ++s)
      for (int64_t t = 0; t < batch.past[s] + batch.count[s]; ++t)
        for (int64_t h = 0; h < heads.kvHeads; ++h)
          for (int64_t i = 0; i < heads.dim; ++i) {
            cache.key(batch.pageOf(s, t / kPage), h, t % kPage, i) = random.next();
            cache.value(batch.pageOf(s, t / kPage), h, t % kPage, i) = random.next();
          }
    return cache;
  }

  Buffer<float> attend(CompiledKernels &kernels, const Batch &batch, const Cache &cache,
                       const float *q, int64_t chunk = 1 << 20, bool reversed = false) {
    Buffer<float> result(batch.rows * strideOf(cache.heads.heads * cache.heads.dim));
    kernels.run("attention",
                {reinterpret_cast<uint64_t>(q), result.address(), cache.keys.address(),
                 cache.values.address(), batch.seqStart.address(), batch.pasts.address(),
                 batch.tokenSeq.address(), batch.tokenPos.address(), batch.pageTable.address(),
                 uint64_t(batch.maxPages), uint64_t(batch.rows), batch.count.size()},
                batch.rows, int64_t(batch.count.size()), chunk, reversed);
    return result;
  }

  void expectReference(const Heads &heads, const Batch &batch, Cache &cache, const Buffer<float> &q,
                       const Buffer<float> &result) {
    int64_t stride = strideOf(heads.heads * heads.dim);
    for (int64_t row = 0; row < batch.rows; ++row)
      for (int64_t h = 0; h < heads.heads; ++h) {
        int64_t s = batch.tokenSeq[row], tokens = batch.tokenPos[row] + 1;
        std::vector<double> weights, expected(heads.dim);
        double sum = 0;
        for (int64_t t = 0; t < tokens; ++t) {
          double score = 0;
          for (int64_t i = 0; i < heads.dim; ++i)
            score += double(q[row * stride + h * heads.dim + i]) *
                     cache.key(batch.pageOf(s, t / kPage), h / heads.group(), t % kPage, i);
          weights.push_back(std::exp(0.3 * score));
          sum += weights.back();
        }
        for (int64_t i = 0; i < heads.dim; ++i) {
          for (int64_t t = 0; t < tokens; ++t)
            expected[i] += weights[t] / sum *
                           cache.value(batch.pageOf(s, t / kPage), h / heads.group(), t % kPage, i);
          ASSERT_NEAR(result[row * stride + h * heads.dim + i], expected[i], 2e-6)
              << heads.heads << "/" << heads.kvHeads << " heads of " << heads.dim << ", row " << row
              << ", head " << h << ", element " << i;
        }
      }
  }
};

TEST_P(AttentionTest, AgreesWithFloat64) {
  for (const Heads &heads : {Heads{7, 7, 10}, Heads{7, 1, 64}, Heads{8, 4, 8}, Heads{4, 1, 80},
                             Heads{2, 2, 128}, Heads{2, 1, 256}, Heads{14, 2, 20}}) {
    CompiledKernels kernels(attentionText(heads, "?"), GetParam());
    Random random(1);
    for (const Batch &batch :
         {Batch({0}, {1}), Batch({0, 5, 126, 300}, {7, 1, 33, 1}), Batch({200}, {3})}) {
      Cache cache = fill(heads, batch, random);
      Buffer<float> q = random.activation(batch.rows, heads.heads * heads.dim);
      expectReference(heads, batch, cache, q, attend(kernels, batch, cache, q.data()));
    }
  }
}

TEST_P(AttentionTest, RowsDoNotDependOnTheirBatch) {
  for (const Heads &heads : {Heads{7, 1, 64}, Heads{4, 4, 80}, Heads{2, 1, 256}}) {
    CompiledKernels kernels(attentionText(heads, "?"), GetParam());
    CompiledKernels oneRow(attentionText(heads, "1"), GetParam());
    CompiledKernels cutDifferently(attentionText(heads, "?", ", config = {rows = 3, heads = 1}"),
                                   GetParam());
    Random random(2);
    Batch batch({0, 120, 300}, {150, 20, 1});
    Cache cache = fill(heads, batch, random);
    Buffer<float> q = random.activation(batch.rows, heads.heads * heads.dim);
    int64_t columns = heads.heads * heads.dim, stride = strideOf(columns);
    Buffer<float> all = attend(kernels, batch, cache, q.data());
    auto expectSame = [&](const Buffer<float> &some, int64_t first, int64_t rows) {
      for (int64_t row = 0; row < rows; ++row)
        for (int64_t j = 0; j < columns; ++j)
          ASSERT_EQ(some[row * stride + j], all[(first + row) * stride + j]) << "row " << row;
    };
    expectSame(attend(kernels, batch, cache, q.data(), 1, true), 0, batch.rows);
    expectSame(attend(cutDifferently, batch, cache, q.data(), 2, true), 0, batch.rows);
    // The first sequence alone, in chunks whose pages are those of the whole batch.
    for (auto [past, count] : {std::pair(0, 1), {0, 70}, {70, 80}, {127, 2}, {149, 1}}) {
      Batch chunk({past}, {count});
      expectSame(attend(kernels, chunk, cache, q.data() + past * stride), past, count);
      if (count == 1)
        expectSame(attend(oneRow, chunk, cache, q.data() + past * stride), past, count);
    }
  }
}

//===----------------------------------------------------------------------===//
// Rotation and append
//===----------------------------------------------------------------------===//

class RopeAppendTest : public CpuLevels {
protected:
  /// A head after norm (where there is a weight) and rotation (where there is a table).
  static std::vector<double> transform(const float *head, int64_t dim, const Weight *norm,
                                       const Buffer<float> *table, int64_t position) {
    std::vector<double> values(head, head + dim), result(dim);
    if (norm) {
      double squares = 0;
      for (double value : values)
        squares += value * value / double(dim);
      for (int64_t i = 0; i < dim; ++i)
        values[i] *= norm->values[i] / std::sqrt(squares + 1e-6);
    }
    if (!table)
      return values;
    for (int64_t i = 0; i < dim / 2; ++i) {
      double cosine = (*table)[position * dim + 2 * i], sine = (*table)[position * dim + 2 * i + 1];
      result[i] = values[i] * cosine - values[i + dim / 2] * sine;
      result[i + dim / 2] = values[i + dim / 2] * cosine + values[i] * sine;
    }
    return result;
  }

  void check(const Heads &heads, bool hasNorms, bool hasRope) {
    int64_t qColumns = heads.heads * heads.dim, kvColumns = heads.kvHeads * heads.dim;
    int64_t columns = qColumns + 2 * kvColumns;
    CompiledKernels kernels(
        fmt::format(
            R"(
      llm.cache @layer {{kv_heads = {1}, head_dim = {2}, k = "native", v = "native"}}
      llm.param @qn : tensor<{2}xbf16>
      llm.param @kn : tensor<{2}xbf16>
      func.func @f(%x: tensor<?x{3}xf32>) attributes {{kernel.target = "cpu"}} {{
        %qn = llm.get @qn : tensor<{2}xbf16>
        %kn = llm.get @kn : tensor<{2}xbf16>
        %0 = kernel.rope_append %x, %x, %x {7} into @layer
            {{heads = {0}, offsets = array<i64: 0, {4}, {5}>, kernel = "append"{8}{9}}}
            : tensor<?x{3}xf32>, tensor<?x{3}xf32>, tensor<?x{3}xf32> -> tensor<?x{6}xf32>
        return
      }})",
            heads.heads, heads.kvHeads, heads.dim, columns, qColumns, qColumns + kvColumns,
            qColumns,
            hasNorms ? fmt::format("norms %qn, %kn : tensor<{0}xbf16>, tensor<{0}xbf16>", heads.dim)
                     : "",
            hasNorms ? ", eps = 1.0e-6" : "", hasRope ? ", rope = #llm.rope<theta = 1.0e4>" : ""),
        GetParam());
    Random random(4);
    Batch batch({0, 120}, {3, 30});
    Cache cache(heads, batch.pages);
    Buffer<float> x = random.activation(batch.rows, columns);
    Buffer<float> q(batch.rows * strideOf(qColumns)), table(512 * heads.dim);
    for (size_t i = 0; i < table.size(); ++i)
      table[i] = random.next();
    Weight qNorm = Weight::plain(random, "bf16", heads.dim);
    Weight kNorm = Weight::plain(random, "bf16", heads.dim);
    CompiledKernels::Arguments arguments = {x.address(), x.address(), x.address()};
    if (hasNorms)
      arguments.insert(arguments.end(), {qNorm.storage.address(), kNorm.storage.address()});
    arguments.insert(arguments.end(), {q.address(), cache.keys.address(), cache.values.address()});
    if (hasRope)
      arguments.push_back(table.address());
    arguments.insert(arguments.end(),
                     {batch.tokenSeq.address(), batch.tokenPos.address(), batch.pageTable.address(),
                      uint64_t(batch.maxPages), uint64_t(batch.rows)});
    kernels.run("append", arguments, batch.rows, 2, 1, true);

    const Buffer<float> *rope = hasRope ? &table : nullptr;
    for (int64_t row = 0; row < batch.rows; ++row) {
      int64_t position = batch.tokenPos[row];
      int64_t page = batch.pageOf(batch.tokenSeq[row], position / kPage), slot = position % kPage;
      const float *from = x.data() + row * strideOf(columns);
      for (int64_t h = 0; h < heads.heads; ++h) {
        std::vector<double> expected =
            transform(from + h * heads.dim, heads.dim, hasNorms ? &qNorm : nullptr, rope, position);
        for (int64_t i = 0; i < heads.dim; ++i)
          ASSERT_NEAR(q[row * strideOf(qColumns) + h * heads.dim + i], expected[i], 2e-6);
      }
      for (int64_t h = 0; h < heads.kvHeads; ++h) {
        std::vector<double> expected = transform(from + qColumns + h * heads.dim, heads.dim,
                                                 hasNorms ? &kNorm : nullptr, rope, position);
        for (int64_t i = 0; i < heads.dim; ++i) {
          ASSERT_NEAR(cache.key(page, h, slot, i), expected[i], 2e-6);
          ASSERT_EQ(cache.value(page, h, slot, i), from[qColumns + kvColumns + h * heads.dim + i]);
        }
      }
    }
    // Nothing else is written: slots after the last token stay as they were.
    EXPECT_TRUE(std::isnan(cache.key(batch.pageOf(0, 0), 0, 3, 0)));
    EXPECT_TRUE(std::isnan(cache.value(batch.pageOf(1, 1), 0, 22, 0)));
  }
};

TEST_P(RopeAppendTest, RotatesAndAppends) {
  for (const Heads &heads : {Heads{7, 7, 10}, Heads{7, 1, 64}, Heads{8, 4, 8}, Heads{4, 1, 80},
                             Heads{2, 2, 128}, Heads{2, 1, 256}})
    check(heads, false, true);
}

TEST_P(RopeAppendTest, NormalizesHeads) {
  check({4, 2, 128}, true, true);
  check({7, 7, 60}, true, true);
}

TEST_P(RopeAppendTest, AppendsWithoutRotation) {
  check({4, 4, 64}, false, false);
  check({3, 3, 13}, false, false);
}

} // namespace

INSTANTIATE_CPU_LEVELS(AttentionTest);
INSTANTIATE_CPU_LEVELS(RopeAppendTest);
