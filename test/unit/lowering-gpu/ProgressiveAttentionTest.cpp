//===- ProgressiveAttentionTest.cpp - tiles in two steps, on GPUs ---------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A sequence is appended in steps of many tokens and of one. What each token attends to, and the
// codes at the end, are found in float64 from what was appended (ProgressiveTiles.h, which the
// CPU's kernels are held against, too).
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/CachePool.h"
#include "runtime/formats/FloatConvert.h"
#include "test/unit/lowering-gpu/PtxKernels.h"
#include "test/unit/lowering/ProgressiveTiles.h"
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>

using namespace qopt;
using namespace qopt::test;
using ptx::CachePool;

namespace {

constexpr int64_t kPages = 2, kSlots = 2, kSlot = 1;

struct Shape {
  int64_t heads, kvHeads, headDim, bits;
  int64_t keyTile, valueTile;

  int64_t columns() const { return (heads + 2 * kvHeads) * headDim; }
  double scale() const { return 1 / std::sqrt(double(headDim)); }
  std::string format(int64_t tile) const {
    return fmt::format("int{} asymmetric channels progressive group={} residual={}", bits, tile,
                       tile);
  }
  CachePool pool(bool isKey) const {
    return {parseCacheFormat(format(isKey ? keyTile : valueTile)), isKey, kvHeads, headDim};
  }
};

/// The kernels for many tokens, and for one.
std::string moduleText(const Shape &shape) {
  std::string text = fmt::format(
      R"(llm.cache @c {{kv_heads = {}, head_dim = {}, k = "{}", v = "{}"}})", shape.kvHeads,
      shape.headDim, shape.format(shape.keyTile), shape.format(shape.valueTile));
  for (const char *rows : {"?", "1"})
    text += fmt::format(
        R"(
func.func @{6}.ptx(%x: {0}, %batch: !llm.batch) -> {1} attributes {{kernel.target = "ptx"}} {{
  %q = kernel.rope_append %x, %x, %x into @c {{heads = {2}, offsets = array<i64: 0, {3}, {4}>}} : {0}, {0}, {0} -> {1}
  %a = kernel.attention %q over @c {{heads = {2}, scale = {5:e}}} : {1} -> {1}
  return %a : {1}
}}
)",
        fmt::format("tensor<{}x{}xf32>", rows, shape.columns()),
        fmt::format("tensor<{}x{}xbf16>", rows, shape.heads * shape.headDim), shape.heads,
        shape.heads * shape.headDim, (shape.heads + shape.kvHeads) * shape.headDim, shape.scale(),
        *rows == '1' ? "decode" : "prefill");
  return text;
}

class Sequence {
public:
  Sequence(const Shape &shape, int64_t tokens)
      : shape(shape), random(3), x(tokens, shape.columns(), false, &random),
        keys(tokens, shape.kvHeads, shape.headDim, shape.keyTile, shape.bits,
             [&](int64_t t, int64_t head, int64_t i) {
               return x.at(t, (shape.heads + head) * shape.headDim + i);
             }),
        values(tokens, shape.kvHeads, shape.headDim, shape.valueTile, shape.bits,
               [&](int64_t t, int64_t head, int64_t i) {
                 return x.at(t, (shape.heads + shape.kvHeads + head) * shape.headDim + i);
               }),
        kernels(moduleText(shape)), device(kernels.device()) {
    xAt = x.upload(device, NAN);
    for (bool isKey : {true, false}) {
      CachePool pool = shape.pool(isKey);
      // What was never appended is NaN: nobody may let it weigh.
      auto allocate = [&](int64_t bytes) {
        return device.upload(std::vector<uint8_t>(size_t(bytes), 0xff));
      };
      pools.push_back(allocate(kPages * shape.kvHeads * pool.blockBytes()));
      windows.push_back(allocate(kSlots * shape.kvHeads * pool.windowBytes()));
    }
  }

  /// Appends the next `count` tokens, and holds what they attend to against float64.
  void step(int64_t count);
  /// The same of one token, by the kernel for it.
  void decode();
  /// Holds all codes against float64.
  void checkCodes();

private:
  void check(Rows result);

  Shape shape;
  int64_t past = 0;
  Normal random;
  Rows x;
  ProgressiveTiles keys, values;
  PtxKernels kernels;
  emulator::KernelRun &device;
  uint64_t xAt;
  std::vector<uint64_t> pools, windows;
  std::vector<int32_t> table = {1, 0};
};

uint64_t rowAt(const Rows &rows, uint64_t base, int64_t row) {
  return base + uint64_t(row * rows.stride) * (rows.isBf16 ? 2 : 4);
}

void Sequence::step(int64_t count) {
  Rows queries(count, shape.heads * shape.headDim, true), result = queries;
  std::vector<int32_t> positions, starts = {0, int32_t(count)}, before = {int32_t(past)};
  for (int64_t i = 0; i < count; ++i)
    positions.push_back(int32_t(past + i));
  const uint64_t q = queries.upload(device, NAN), resultAt = result.upload(device, NAN),
                 slots = device.upload(std::vector<int32_t>{kSlot}),
                 tokenSeq = device.upload(std::vector<int32_t>(size_t(count))),
                 tokenPos = device.upload(positions), pages = device.upload(table);
  const uint64_t row = rowAt(x, xAt, past);
  kernels.launch("kernel.rope_append",
                 {row, row, row, q, pools[0], pools[1], windows[0], windows[1], slots, tokenSeq,
                  tokenPos, pages, uint64_t(kPages), uint64_t(count)},
                 count);
  kernels.launch("kernel.attention",
                 {q, resultAt, pools[0], pools[1], windows[0], windows[1], slots,
                  device.upload(starts), device.upload(before), tokenSeq, tokenPos, pages,
                  uint64_t(kPages), uint64_t(count), 1},
                 count);
  result.download(device, resultAt);
  check(result);
}

void Sequence::decode() {
  constexpr int64_t maxSplits = 64, rowCounters = 256;
  Rows result(1, shape.heads * shape.headDim, true);
  const uint64_t resultAt = result.upload(device, NAN), row = rowAt(x, xAt, past);
  const uint64_t partials = device.upload(
      std::vector<float>(size_t(maxSplits * shape.heads * (shape.headDim + 2) + 32), NAN));
  kernels.launch("kernel.append_attention",
                 {row, row, row, resultAt, partials, pools[0], pools[1], windows[0], windows[1],
                  device.upload(std::vector<int32_t>{kSlot}),
                  device.upload(std::vector<int32_t>{0}),
                  device.upload(std::vector<int32_t>{int32_t(past)}), device.upload(table),
                  uint64_t(kPages), device.upload(std::vector<int32_t>(rowCounters)), 1},
                 1);
  result.download(device, resultAt);
  check(result);
}

void Sequence::check(Rows result) {
  const int64_t dim = shape.headDim;
  for (int64_t row = 0; row < result.rows; ++row)
    for (int64_t head = 0; head < shape.heads; ++head) {
      const int64_t kv = head / (shape.heads / shape.kvHeads), reader = past + row;
      std::vector<double> wanted(static_cast<size_t>(dim));
      double sum = 0;
      for (int64_t t = 0; t <= reader; ++t) {
        double score = 0;
        for (int64_t i = 0; i < dim; ++i)
          score +=
              bf16ToF32(f32ToBf16(float(x.at(reader, head * dim + i)))) * keys.at(t, kv, i, reader);
        const double weight = std::exp(shape.scale() * score);
        sum += weight;
        for (int64_t i = 0; i < dim; ++i)
          wanted[size_t(i)] += weight * values.at(t, kv, i, reader);
      }
      for (int64_t i = 0; i < dim; ++i)
        ASSERT_NEAR(result.at(row, head * dim + i), wanted[size_t(i)] / sum,
                    6e-3 + std::abs(wanted[size_t(i)] / sum) / 128)
            << "position " << reader << ", head " << head << ", element " << i;
    }
  past += result.rows;
}

/// The code of an element in a block of units, as CachePool.h describes them.
int64_t codeAt(const CachePool &pool, const uint8_t *block, int64_t token, int64_t element) {
  const int64_t unitTokens = pool.unitTokens(), elements = pool.unitElements(), bits = pool.bits();
  int64_t row = token / unitTokens, place = token % unitTokens;
  if (pool.isKey && unitTokens == 2) {
    row = token / 4 * 2 + token % 2;
    place = token / 2 % 2;
  }
  const int64_t bit = (row * pool.unitsPerRow() + element / elements) * pool.unitBytes(bits) * 8 +
                      (place * elements + element % elements) * bits;
  return block[bit / 8] >> bit % 8 & ((1 << bits) - 1);
}

void Sequence::checkCodes() {
  for (bool isKey : {true, false}) {
    const CachePool pool = shape.pool(isKey);
    const ProgressiveTiles &wanted = isKey ? keys : values;
    const std::vector<uint8_t> bytes = device.download<uint8_t>(
        pools[isKey ? 0 : 1], size_t(kPages * shape.kvHeads * pool.blockBytes()));
    for (int64_t t = 0; t < wanted.completeTokens(); ++t)
      for (int64_t head = 0; head < shape.kvHeads; ++head) {
        const int64_t inPage = t % ptx::kPageTokens, tile = inPage / pool.format.group;
        const uint8_t *block = &bytes[size_t(
            (table[size_t(t / ptx::kPageTokens)] * shape.kvHeads + head) * pool.blockBytes())];
        uint16_t half;
        std::memcpy(&half, block + pool.tileScaleOffset() + tile * 2, 2);
        for (int64_t i = 0; i < shape.headDim; ++i) {
          const int64_t channel = tile * shape.headDim + i;
          const int64_t scale = block[pool.scaleOffset() + channel],
                        zero = int8_t(block[pool.zeroOffset() + channel]);
          ASSERT_EQ(f16ToF32(half) * double(codeAt(pool, block, inPage, i) * scale + zero),
                    wanted.coded(t, head, i))
              << (isKey ? "key " : "value ") << t << ", head " << head << ", element " << i;
        }
      }
  }
}

TEST(ProgressiveAttention, SharedKeys) {
  Sequence sequence({6, 2, 128, 4, 64, 64}, 194);
  sequence.step(63);
  sequence.decode(); // completes a tile
  sequence.decode();
  sequence.step(126);
  sequence.decode();
  sequence.decode(); // completes another
  sequence.decode();
  sequence.checkCodes();
}

TEST(ProgressiveAttention, OneToken) {
  Sequence sequence({7, 7, 64, 2, 64, 64}, 2);
  sequence.step(1);
  sequence.decode();
}

TEST(ProgressiveAttention, OddSizes) {
  // Values of which a unit's token is half a word, keys of which the last unit is not full.
  Sequence small({7, 7, 48, 2, 16, 16}, 135);
  for (int64_t count : {5, 11, 37, 80, 1})
    small.step(count);
  small.decode();
  small.checkCodes();
  Sequence large({4, 2, 80, 4, 128, 128}, 131);
  large.step(127);
  large.decode();
  large.step(3);
  large.checkCodes();
}

/// Keys leave their window before values do, or after.
TEST(ProgressiveAttention, DifferentTiles) {
  for (auto [keyTile, valueTile] : {std::pair(32, 64), std::pair(128, 16)}) {
    Sequence sequence({6, 2, 32, 4, keyTile, valueTile}, 150);
    sequence.step(40);
    sequence.step(86);
    for (int64_t i = 0; i < 3; ++i)
      sequence.decode();
    sequence.step(21);
    sequence.checkCodes();
  }
}

} // namespace
