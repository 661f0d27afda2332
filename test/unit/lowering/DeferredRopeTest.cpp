//===- DeferredRopeTest.cpp - keys that are rotated when they are read ----===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Keys are cached before their rotary embedding and without their bias; the result is that of
// float64 attention over keys that are coded first, given their bias and rotated then, each by the
// angles of its own position.
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

constexpr int64_t kTokens = 300, kPages = 3, kFirst = 290;
constexpr double kTheta = 1e4, kScale = 0.3;

struct Shape {
  int64_t heads, kvHeads, dim;
};

/// Element i and its partner in the other half turn by the i-th angle of the position.
Vector turned(const Vector &x, int64_t position) {
  const size_t half = x.size() / 2;
  Vector result(x.size());
  for (size_t i = 0; i < half; ++i) {
    const double angle = double(position) * std::pow(kTheta, -2 * double(i) / double(x.size()));
    result[i] = x[i] * std::cos(angle) - x[i + half] * std::sin(angle);
    result[i + half] = x[i + half] * std::cos(angle) + x[i] * std::sin(angle);
  }
  return result;
}

class DeferredRopeTest : public CpuLevels {
protected:
  void check(const Shape &shape, const std::string &keys, const std::string &biasType);

private:
  void append(const Shape &shape, const std::string &keys, const std::string &biasType);
  /// The results of tokens from `first` on.
  std::vector<float> attend(int64_t first);
  /// A key as it is read by a token, before its bias.
  Vector key(int64_t token, int64_t head, int64_t reader) const;

  Shape shape{};
  CacheFormat format;
  std::unique_ptr<CompiledKernels> kernels;
  Random random{11};
  Buffer<float> q{0}, k{0}, v{0}, queries{0};
  std::optional<Weight> bias;
  Buffer<char> keyPool{0}, valuePool{0}, keyWindow{0};
  Buffer<float> angles{0};
};

void DeferredRopeTest::append(const Shape &which, const std::string &keys,
                              const std::string &biasType) {
  shape = which;
  format = parseCacheFormat(keys);
  const int64_t qColumns = shape.heads * shape.dim, kvColumns = shape.kvHeads * shape.dim;
  kernels = std::make_unique<CompiledKernels>(
      fmt::format(
          R"(
    llm.cache @layer {{kv_heads = {1}, head_dim = {2}, k = "{5}", v = "native"}}
    {6}
    func.func @f(%q: tensor<?x{3}xf32>, %k: tensor<?x{4}xf32>) attributes {{kernel.target = "cpu"}} {{
      {7}
      %0 = kernel.rope_append %q, %k, %k into @layer
          {{heads = {0}, offsets = array<i64: 0, 0, 0>, rope = #llm.rope<theta = 1.0e4>,
           keys_unrotated, kernel = "append"}}
          : tensor<?x{3}xf32>, tensor<?x{4}xf32>, tensor<?x{4}xf32> -> tensor<?x{3}xf32>
      %1 = kernel.attention %0 over @layer {8}
          {{heads = {0}, scale = 0.3, rope = #llm.rope<theta = 1.0e4>, kernel = "attention"}}
          : tensor<?x{3}xf32> -> tensor<?x{3}xf32>
      return
    }})",
          shape.heads, shape.kvHeads, shape.dim, qColumns, kvColumns, keys,
          biasType.empty() ? "" : fmt::format("llm.param @b : tensor<{}x{}>", kvColumns, biasType),
          biasType.empty() ? ""
                           : fmt::format("%b = llm.get @b : tensor<{}x{}>", kvColumns, biasType),
          biasType.empty() ? "" : fmt::format("bias %b : tensor<{}x{}>", kvColumns, biasType)),
      GetParam());
  bias.reset();
  if (!biasType.empty())
    bias = Weight::plain(random, biasType, kvColumns);
  const cpu::CachePool keyLayout{format, true, shape.kvHeads, shape.dim};
  const cpu::CachePool valueLayout{{}, false, shape.kvHeads, shape.dim};
  keyPool = Buffer<char>(size_t(kPages * shape.kvHeads * keyLayout.blockBytes()));
  valuePool = Buffer<char>(size_t(kPages * shape.kvHeads * valueLayout.blockBytes()));
  keyWindow = Buffer<char>(size_t(shape.kvHeads * keyLayout.windowBytes()));
  q = random.activation(kTokens, qColumns);
  k = random.activation(kTokens, kvColumns);
  v = random.activation(kTokens, kvColumns);
  queries = Buffer<float>(size_t(kTokens * strideOf(qColumns)));
  angles = Buffer<float>(size_t(kTokens * shape.dim));
  for (int64_t t = 0; t < kTokens; ++t)
    for (int64_t i = 0; i < shape.dim / 2; ++i) {
      const double angle = double(t) * std::pow(kTheta, -2 * double(i) / double(shape.dim));
      angles[t * shape.dim + 2 * i] = float(std::cos(angle));
      angles[t * shape.dim + 2 * i + 1] = float(std::sin(angle));
    }
}

/// Appends all tokens in steps of 128 and attends to them.
std::vector<float> DeferredRopeTest::attend(int64_t first) {
  const int64_t qStride = strideOf(shape.heads * shape.dim);
  const int64_t kvStride = strideOf(shape.kvHeads * shape.dim);
  Buffer<int32_t> slots(1), seqStart(2), past(1), tokenSeq(kTokens), tokenPos(kTokens),
      table(kPages);
  Buffer<float> result(size_t(kTokens * qStride));
  for (int32_t page = 0; page < kPages; ++page)
    table[page] = (page + 1) % kPages;
  for (int64_t t = 0; t < kTokens; ++t)
    tokenPos[t] = int32_t(t);
  const bool hasWindow = format.residual != 0;
  for (int64_t begin = first; begin < kTokens;) {
    // Single tokens behind those that come together.
    const int64_t rows = first > 0 ? 1 : std::min<int64_t>(128, kTokens - begin);
    seqStart[1] = int32_t(rows);
    auto row = [&](const Buffer<float> &buffer, int64_t stride) {
      return buffer.address() + uint64_t(begin * stride) * sizeof(float);
    };
    const uint64_t positions = tokenPos.address() + uint64_t(begin) * sizeof(int32_t);
    CompiledKernels::Arguments append = {row(q, qStride),   row(k, kvStride),
                                         row(v, kvStride),  row(queries, qStride),
                                         keyPool.address(), valuePool.address()};
    CompiledKernels::Arguments attention = {row(queries, qStride)};
    if (bias)
      attention.push_back(bias->storage.address());
    attention.insert(attention.end(),
                     {row(result, qStride), keyPool.address(), valuePool.address()});
    for (CompiledKernels::Arguments *arguments : {&append, &attention}) {
      if (hasWindow)
        arguments->insert(arguments->end(), {keyWindow.address(), slots.address()});
      arguments->push_back(angles.address());
    }
    append.insert(append.end(),
                  {tokenSeq.address(), positions, table.address(), kPages, uint64_t(rows)});
    attention.insert(attention.end(), {seqStart.address(), past.address(), tokenSeq.address(),
                                       positions, table.address(), kPages, uint64_t(rows), 1});
    kernels->run("append", append, rows);
    kernels->run("attention", attention, rows);
    begin += rows;
  }
  return {result.data() + first * qStride, result.data() + result.size()};
}

Vector DeferredRopeTest::key(int64_t token, int64_t head, int64_t reader) const {
  const int64_t stride = strideOf(shape.kvHeads * shape.dim);
  auto element = [&](int64_t t, int64_t i) { return double(k[t * stride + head * shape.dim + i]); };
  if (!format.channels)
    return codedHead(&k[token * stride + head * shape.dim], shape.dim, format);
  const bool isCoded = token < (reader + 1) / format.residual * format.residual;
  const int64_t begin = token / format.group * format.group;
  const double codes = double((int64_t(1) << format.bits) - 1);
  Vector result;
  for (int64_t i = 0; i < shape.dim; ++i) {
    double least = INFINITY, most = -INFINITY;
    for (int64_t t = begin; t < begin + format.group; ++t) {
      least = std::min(least, roundToF16(element(std::min(t, kTokens - 1), i)));
      most = std::max(most, roundToF16(element(std::min(t, kTokens - 1), i)));
    }
    const double scale = roundToF16((most - least) / codes), x = roundToF16(element(token, i));
    result.push_back(isCoded ? least + scale * std::nearbyint((x - least) / scale) : x);
  }
  return result;
}

void DeferredRopeTest::check(const Shape &which, const std::string &keys,
                             const std::string &biasType) {
  SCOPED_TRACE(keys + ", bias " + biasType);
  append(which, keys, biasType);
  const std::vector<float> whole = attend(0);
  const int64_t dim = shape.dim, qStride = strideOf(shape.heads * dim);
  for (int64_t row : {int64_t(0), int64_t(77), int64_t(128), kTokens - 1})
    for (int64_t h = 0; h < shape.heads; ++h) {
      const int64_t kvHead = h / (shape.heads / shape.kvHeads);
      Vector query(dim), expected(dim);
      for (int64_t i = 0; i < dim; ++i)
        query[i] = q[row * qStride + h * dim + i];
      query = turned(query, row);
      double sum = 0;
      for (int64_t t = 0; t <= row; ++t) {
        Vector key = this->key(t, kvHead, row);
        for (int64_t i = 0; bias && i < dim; ++i)
          key[i] += bias->values[kvHead * dim + i];
        key = turned(key, t);
        double score = 0;
        for (int64_t i = 0; i < dim; ++i)
          score += query[i] * key[i];
        const double weight = std::exp(kScale * score);
        sum += weight;
        for (int64_t i = 0; i < dim; ++i)
          expected[i] += weight * double(v[t * strideOf(shape.kvHeads * dim) + kvHead * dim + i]);
      }
      for (int64_t i = 0; i < dim; ++i)
        ASSERT_NEAR(whole[row * qStride + h * dim + i], expected[i] / sum, 1e-4)
            << "row " << row << ", head " << h << ", element " << i;
    }
  // The newest tokens one by one: the same bits.
  const std::vector<float> single = attend(kFirst);
  ASSERT_EQ(single, std::vector<float>(whole.begin() + kFirst * qStride, whole.end()));
}

constexpr Shape kGrouped = {4, 2, 64}, kWide = {2, 2, 128}, kOdd = {3, 1, 20};

TEST_P(DeferredRopeTest, Floats) {
  check(kGrouped, "native before_rope", "");
  check(kGrouped, "native before_rope", "bf16");
  check(kOdd, "f16 before_rope", "f32");
  check(kGrouped, "bf16 hadamard=3 before_rope", "bf16");
}

TEST_P(DeferredRopeTest, Integers) {
  check(kGrouped, "int8 before_rope", "bf16");
  check(kWide, "int4 asymmetric group=32 before_rope", "f16");
  check(kGrouped, "int2 group=16 before_rope", "");
  check(kOdd, "int4 before_rope", "bf16");
  check(kOdd, "int2 asymmetric before_rope", "bf16");
}

TEST_P(DeferredRopeTest, TablesAndSmallFloats) {
  check(kGrouped, "fp8_e4m3 before_rope", "bf16");
  check(kGrouped, "uniform6 scales=8:9.094947017729282e-13:1.189207115002721 before_rope", "bf16");
  check(kWide, "uniform7 before_rope", "bf16");
  check(kWide, "lloyd_max3 group=64 before_rope", "bf16");
  check(kGrouped, "lloyd_max5 hadamard=1 before_rope", "bf16");
}

TEST_P(DeferredRopeTest, RotatedCodes) {
  check(kGrouped, "lloyd_max4 hadamard=1 before_rope", "bf16");
  check(kWide, "int4 asymmetric hadamard=2 before_rope", "");
}

TEST_P(DeferredRopeTest, ChannelsAndWindow) {
  check(kGrouped, "int4 asymmetric channels group=32 residual=64 before_rope", "bf16");
  check(kWide, "int2 asymmetric channels group=16 residual=16 before_rope", "");
}

} // namespace

INSTANTIATE_CPU_LEVELS(DeferredRopeTest);
