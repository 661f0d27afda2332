//===- CompressedAttentionTest.cpp - append and attention on codes ---------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tokens are appended to a compressed cache and attended to; the result is that of float64
// attention over what each head is after coding, found here by trying every code.
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/CacheGeometry.h"
#include "runtime/formats/FloatConvert.h"
#include "runtime/quantization/Hadamard.h"
#include "runtime/quantization/LloydMax.h"
#include "runtime/quantization/MiniFloat.h"
#include "test/unit/lowering/KernelTestSupport.h"
#include <bit>
#include <cmath>
#include <fmt/format.h>

using namespace qopt;
using namespace qopt::test;

namespace {

constexpr int64_t kTokens = 150, kNewest = 3;
using Vector = std::vector<double>;

double roundToF16(double value) { return f16ToF32(f32ToF16(float(value))); }

/// The values of all codes.
Vector allCodes(const CacheFormat &format) {
  Vector codes;
  switch (format.code) {
  case CacheFormat::Code::Integer: {
    int64_t count = int64_t(1) << format.bits;
    for (int64_t code = 0; code < count; ++code)
      if (format.asymmetric || code > 0)
        codes.push_back(double(format.asymmetric ? code : code - count / 2));
    break;
  }
  case CacheFormat::Code::Fp8E4M3:
  case CacheFormat::Code::Fp8E5M2:
    for (int code = 0; code < 256; ++code) {
      bool isE5M2 = format.code == CacheFormat::Code::Fp8E5M2;
      if ((code & 127) <= (isE5M2 ? Fp8E5M2::kMaxCode : Fp8E4M3::kMaxCode))
        codes.push_back(isE5M2 ? Fp8E5M2::decode(uint8_t(code)) : Fp8E4M3::decode(uint8_t(code)));
    }
    break;
  case CacheFormat::Code::Uniform:
    for (int64_t code = 1 - (int64_t(1) << format.bits); code < int64_t(1) << format.bits;
         code += 2)
      codes.push_back(double(code) / double((int64_t(1) << format.bits) - 1));
    break;
  default:
    codes = lloydMaxPoints(format.bits);
  }
  return codes;
}

/// The entry of the format's table of scales that stands for `scale`.
double tableEntry(const CacheFormat &format, double scale) {
  double best = 0, distance = INFINITY;
  bool isNearest = format.code == CacheFormat::Code::LloydMax;
  for (int64_t i = (int64_t(1) << format.scaleTable->bits) - 1; i >= 0; --i) {
    double entry = format.scaleTable->least * std::pow(format.scaleTable->ratio, double(i));
    if (best == 0)
      best = entry; // beyond the table
    if (isNearest && std::abs(std::log(entry / scale)) < distance) {
      distance = std::abs(std::log(entry / scale));
      best = entry;
    }
    if (!isNearest && entry >= scale)
      best = entry;
  }
  return best;
}

/// Of the ranges that begin and end 0 to 3 times 1/31 (codes of 2 bits: 1/16) of the whole within
/// it, the one whose evenly spaced points are nearest.
void search(std::span<const double> group, const CacheFormat &format, double &least, double &most) {
  const double size = most - least, part = size / (format.bits == 2 ? 16 : 31), first = least,
               last = most;
  const int64_t points = (int64_t(1) << format.bits) - (format.asymmetric ? 0 : 1);
  double best = INFINITY;
  for (int below = 0; below < 4; ++below)
    for (int above = 0; above < 4; ++above) {
      if (!format.asymmetric && below != above)
        continue;
      const double from = first + below * part, to = last - above * part;
      double error = 0;
      for (double x : group) {
        double nearest = INFINITY;
        for (int64_t i = 0; i < points; ++i)
          nearest =
              std::min(nearest, std::abs(x - from - double(i) * (to - from) / double(points - 1)));
        error += nearest * nearest;
      }
      if (error < best) {
        best = error;
        least = from;
        most = to;
      }
    }
}

/// What a group is after coding and decoding.
void code(std::span<double> group, const CacheFormat &format) {
  double most = -INFINITY, least = INFINITY, squares = 0;
  for (double x : group) {
    most = std::max(most, x);
    least = std::min(least, x);
    squares += x * x / double(group.size());
  }
  if (format.search) {
    if (!format.asymmetric) {
      most = std::max(most, -least);
      least = -most;
    }
    search(group, format, least, most);
  }
  double scale = std::max(most, -least) / format.largestCode(), zero = 0;
  if (format.code == CacheFormat::Code::LloydMax)
    scale = std::sqrt(squares);
  if (format.asymmetric) {
    scale = (most - least) / double((int64_t(1) << format.bits) - 1);
    zero = roundToF16(least);
  }
  scale = format.scaleTable ? tableEntry(format, scale) : roundToF16(scale);
  if (format.fixed) {
    scale = format.fixed->scale;
    zero = format.fixed->zero;
  }
  const Vector codes = allCodes(format);
  for (double &x : group) {
    double best = codes.front();
    for (double candidate : codes)
      if (std::abs(x - zero - scale * candidate) < std::abs(x - zero - scale * best))
        best = candidate;
    x = scale * best + zero;
  }
}

/// By the matrix itself.
Vector rotated(const Vector &x, std::span<const float> signs, bool isBack) {
  Vector result(x.size());
  for (size_t i = 0; i < x.size(); ++i)
    for (size_t j = 0; j < x.size(); ++j) {
      double sign = signs[isBack ? i : j] * (std::popcount(i & j) % 2 ? -1 : 1);
      result[i] += sign * x[j] / std::sqrt(double(x.size()));
    }
  return result;
}

Vector decoded(const float *head, int64_t dim, const CacheFormat &format) {
  Vector x(head, head + dim);
  std::vector<float> signs;
  if (format.hadamard) {
    signs = hadamardSigns(*format.hadamard, dim);
    x = rotated(x, signs, false);
  }
  if (format.code == CacheFormat::Code::F16)
    for (double &value : x)
      value = roundToF16(value);
  if (format.code == CacheFormat::Code::BF16)
    for (double &value : x)
      value = bf16ToF32(f32ToBf16(float(value)));
  if (format.isScaled())
    for (int64_t i = 0; i < dim; i += format.groupOf(dim))
      code(std::span(x).subspan(size_t(i), size_t(format.groupOf(dim))), format);
  return format.hadamard ? rotated(x, signs, true) : x;
}

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
      keyOf.push_back(decoded(&k[t * kvStride + h * dim], dim, keyFormat));
      valueOf.push_back(decoded(&v[t * kvStride + h * dim], dim, valueFormat));
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

TEST_P(CompressedAttentionTest, RotatedCodes) {
  check(kGrouped, "int4 hadamard=1", "int4 asymmetric hadamard=2");
  check(kWide, "lloyd_max4 hadamard=1", "lloyd_max2 hadamard=1");
}

} // namespace

INSTANTIATE_CPU_LEVELS(CompressedAttentionTest);
