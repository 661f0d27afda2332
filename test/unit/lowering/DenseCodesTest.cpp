//===- DenseCodesTest.cpp - where codes of 3, 5, 6 and 7 bits lie ----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Heads of numbers that codes stand for exactly are appended, and every bit of every code is looked
// for where the layout (lowering/cpu/CacheGeometry.h) says that it is.
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/CacheGeometry.h"
#include "runtime/quantization/LloydMax.h"
#include "test/unit/lowering/KernelTestSupport.h"
#include <fmt/format.h>

using namespace qopt;
using namespace qopt::test;

namespace {

constexpr int64_t kTokens = 7;

/// Codes that end with a byte.
int64_t codesInStream(int64_t bits) { return bits == 6 ? 4 : 8; }

/// The byte of a block, times 8, and the bit in it, that is bit `bit` of a code.
int64_t placeOf(const cpu::CachePool &pool, int64_t bits, int64_t token, int64_t element,
                int64_t bit) {
  const int64_t codes = codesInStream(bits), bytes = codes * bits / 8;
  const bool isLinear = pool.format.code == CacheFormat::Code::Uniform;
  if (!pool.isKey && !isLinear)
    return token * pool.headDim * bits + element * bits + bit;
  const int64_t inRow = pool.isKey ? (isLinear ? 4 : 1) : 8; // elements of one place of a stream
  const int64_t stream = element / inRow / codes, index = element / inRow % codes * bits + bit;
  int64_t byte = stream * bytes + index / 8;
  if (!pool.isKey)
    byte = (token / 4 * (pool.headDim * bits / 64) + byte) * 32 + element % 8 * 4 + token % 4;
  else if (isLinear)
    byte = byte * 512 + token * 4 + element % 4;
  else
    byte = byte * 128 + token;
  return byte * 8 + index % 8;
}

class DenseCodesTest : public CpuLevels {
protected:
  void check(const char *code, int64_t bits, int64_t dim);
};

void DenseCodesTest::check(const char *code, int64_t bits, int64_t dim) {
  // Scales are the first entry of a table, 1.
  const std::string text = fmt::format("{}{} scales=1:1:1000000000", code, bits);
  SCOPED_TRACE(fmt::format("{}, heads of {}", text, dim));
  CompiledKernels kernels(fmt::format(R"(
    llm.cache @layer {{kv_heads = 1, head_dim = {0}, k = "{1}", v = "{1}"}}
    func.func @f(%q: tensor<?x{0}xf32>) attributes {{kernel.target = "cpu"}} {{
      %0 = kernel.rope_append %q, %q, %q into @layer
          {{heads = 1, offsets = array<i64: 0, 0, 0>, kernel = "append"}}
          : tensor<?x{0}xf32>, tensor<?x{0}xf32>, tensor<?x{0}xf32> -> tensor<?x{0}xf32>
      return
    }})",
                                      dim, text),
                          GetParam());
  const int64_t count = int64_t(1) << bits, stride = strideOf(dim);
  const CacheFormat format = parseCacheFormat(text);
  std::vector<double> points;
  for (int64_t i = 0; i < count; ++i)
    points.push_back(double(2 * i + 1 - count) / double(count - 1));
  if (format.code == CacheFormat::Code::LloydMax)
    points = lloydMaxPoints(bits);
  Random random(5);
  Buffer<float> noise = random.activation(kTokens, dim), x(kTokens * stride), q(kTokens * stride);
  std::vector<int64_t> codes(size_t(kTokens * dim));
  for (int64_t t = 0; t < kTokens; ++t)
    for (int64_t i = 0; i < dim; ++i) {
      // The greatest of each head is 1.
      const int64_t index =
          i == 0 ? count - 1 : int64_t(std::abs(noise[t * stride + i]) * 1e4) % count;
      codes[size_t(t * dim + i)] = index;
      x[t * stride + i] = float(points[size_t(index)]);
    }
  const cpu::CachePool keys{format, true, 1, dim}, values{format, false, 1, dim};
  // Beside codes, a byte of each token's scale.
  ASSERT_EQ(keys.blockBytes(), (128 * (dim * bits / 8 + 1) + 63) / 64 * 64);
  ASSERT_EQ(values.blockBytes(), keys.blockBytes());
  Buffer<char> keyPool(keys.blockBytes()), valuePool(values.blockBytes());
  Buffer<int32_t> tokenSeq(kTokens), tokenPos(kTokens), table(1);
  for (int64_t t = 0; t < kTokens; ++t)
    tokenPos[t] = int32_t(t);
  kernels.run("append",
              {x.address(), x.address(), x.address(), q.address(), keyPool.address(),
               valuePool.address(), tokenSeq.address(), tokenPos.address(), table.address(), 1,
               uint64_t(kTokens)},
              kTokens, 1, 3, true);
  for (const cpu::CachePool &pool : {keys, values}) {
    const Buffer<char> &bytes = pool.isKey ? keyPool : valuePool;
    for (int64_t t = 0; t < kTokens; ++t)
      for (int64_t i = 0; i < dim; ++i) {
        int64_t stored = 0;
        for (int64_t bit = 0; bit < bits; ++bit) {
          const int64_t place = placeOf(pool, bits, t, i, bit);
          stored |= int64_t(uint8_t(bytes[place / 8]) >> (place % 8) & 1) << bit;
        }
        ASSERT_EQ(stored, codes[size_t(t * dim + i)])
            << (pool.isKey ? "key " : "value ") << t << ", element " << i;
      }
  }
}

TEST_P(DenseCodesTest, LinearCodesAreStreams) {
  for (int64_t bits : {3, 5, 6, 7})
    for (int64_t dim : {64, 128})
      check("uniform", bits, dim);
  check("uniform", 6, 96);
}

TEST_P(DenseCodesTest, CodesOfTablesAreStreams) {
  for (int64_t bits : {3, 5, 6, 7})
    for (int64_t dim : {16, 64, 80, 128})
      check("lloyd_max", bits, dim);
}

} // namespace

INSTANTIATE_CPU_LEVELS(DenseCodesTest);
