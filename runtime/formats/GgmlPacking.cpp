//===- GgmlPacking.cpp - ggml's blocks put together -----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/GgmlBlocks.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/FloatConvert.h"
#include "runtime/formats/ScaleProducts.h"
#include <algorithm>
#include <cmath>
#include <cstring>

using namespace qopt;
using namespace qopt::ggml;

template <typename Block> static void store(const Block &block, std::byte *bytes) {
  memcpy(bytes, &block, sizeof(block));
}

/// A scale or zero as a half, which it must be.
static uint16_t toHalf(float value) {
  uint16_t half = f32ToF16(value);
  if (f16ToF32(half) != value)
    fail("{} is no f16, as scales of a GGUF file's blocks are", value);
  return half;
}

/// The inverse of reading low halves of bytes, then high ones. `offset` makes codes positive.
static void packNibbles(std::span<const int8_t> codes, int offset, std::span<uint8_t> bytes) {
  for (size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = uint8_t(((codes[i] + offset) & 15) | ((codes[bytes.size() + i] + offset) & 15) << 4);
}

void ggml::packQ8_0(const BlockParts &parts, std::byte *bytes) {
  BlockQ8_0 block{toHalf(parts.scales[0]), {}};
  std::ranges::copy(parts.codes, block.codes);
  store(block, bytes);
}

void ggml::packQ4_0(const BlockParts &parts, std::byte *bytes) {
  BlockQ4_0 block{toHalf(parts.scales[0]), {}};
  packNibbles(parts.codes, 8, block.nibbles);
  store(block, bytes);
}

void ggml::packQ4_1(const BlockParts &parts, std::byte *bytes) {
  BlockQ4_1 block{toHalf(parts.scales[0]), toHalf(parts.zeros[0]), {}};
  packNibbles(parts.codes, 0, block.nibbles);
  store(block, bytes);
}

/// Bit 4 of each code.
static void packFifthBits(std::span<const int8_t> codes, int offset, uint8_t (&high)[4]) {
  for (size_t i = 0; i < codes.size(); ++i)
    high[i / 8] |= uint8_t((((codes[i] + offset) >> 4) & 1) << (i % 8));
}

void ggml::packQ5_0(const BlockParts &parts, std::byte *bytes) {
  BlockQ5_0 block{toHalf(parts.scales[0]), {}, {}};
  packNibbles(parts.codes, 16, block.nibbles);
  packFifthBits(parts.codes, 16, block.high);
  store(block, bytes);
}

void ggml::packQ5_1(const BlockParts &parts, std::byte *bytes) {
  BlockQ5_1 block{toHalf(parts.scales[0]), toHalf(parts.zeros[0]), {}, {}};
  packNibbles(parts.codes, 0, block.nibbles);
  packFifthBits(parts.codes, 0, block.high);
  store(block, bytes);
}

/// As `splitProducts` does it; what are no products is an error.
static uint16_t splitScales(std::span<const float> scales, MultipleRange range,
                            std::span<int8_t> multiples) {
  std::optional<float> unit = splitProducts(scales, range, multiples);
  if (!unit)
    fail("scales of a K block, such as {}, are no products of an f16 and integers from {} to {}",
         scales[0], range.least, range.most);
  return f32ToF16(*unit);
}

/// The f16s of scales and minima and their multiples, of a block that has them in pairs.
template <typename Block> static void packPairs(const BlockParts &parts, Block &block) {
  constexpr MultipleRange sixBits{0, 63};
  std::array<float, 8> minima;
  std::array<int8_t, 8> scales, minimumMultiples;
  std::ranges::transform(parts.zeros, minima.begin(), [](float zero) { return -zero; });
  block.d = splitScales(parts.scales, sixBits, scales);
  block.dmin = splitScales(minima, sixBits, minimumMultiples);
  for (size_t i = 0; i < 8; ++i)
    setPair(block.scales, i, {uint8_t(scales[i]), uint8_t(minimumMultiples[i])});
}

void ggml::packQ4_K(const BlockParts &parts, std::byte *bytes) {
  BlockQ4_K block{};
  packPairs(parts, block);
  for (size_t i = 0; i < 4; ++i)
    packNibbles(parts.codes.subspan(64 * i, 64), 0, std::span(block.nibbles).subspan(32 * i, 32));
  store(block, bytes);
}

void ggml::packQ5_K(const BlockParts &parts, std::byte *bytes) {
  BlockQ5_K block{};
  packPairs(parts, block);
  for (size_t i = 0; i < 4; ++i)
    packNibbles(parts.codes.subspan(64 * i, 64), 0, std::span(block.nibbles).subspan(32 * i, 32));
  for (size_t i = 0; i < 256; ++i)
    block.high[i % 32] |= uint8_t(((parts.codes[i] >> 4) & 1) << (i / 32));
  store(block, bytes);
}

void ggml::packQ6_K(const BlockParts &parts, std::byte *bytes) {
  BlockQ6_K block{};
  block.d = splitScales(parts.scales, {-128, 127}, block.scales);
  for (size_t i = 0; i < 256; ++i) {
    size_t half = i / 128, run = i % 128 / 32, j = i % 32;
    unsigned code = unsigned(parts.codes[i] + 32);
    block.nibbles[64 * half + 32 * (run % 2) + j] |= uint8_t((code & 15) << (run < 2 ? 0 : 4));
    block.high[32 * half + j] |= uint8_t((code >> 4) << (2 * run));
  }
  store(block, bytes);
}

/// Each code's index in a table of values.
static void packIndices(const std::array<int8_t, 16> &table, std::span<const int8_t> codes,
                        std::span<uint8_t> nibbles) {
  std::array<int8_t, 32> indices;
  std::ranges::transform(codes, indices.begin(), [&](int8_t code) {
    return int8_t(std::ranges::find(table, code) - table.begin());
  });
  packNibbles(indices, 0, nibbles);
}

void ggml::packIQ4_NL(const BlockParts &parts, std::byte *bytes) {
  BlockQ4_0 block{toHalf(parts.scales[0]), {}}; // the same layout
  packIndices(iq4Values, parts.codes, block.nibbles);
  store(block, bytes);
}

void ggml::packMXFP4(const BlockParts &parts, std::byte *bytes) {
  // The scale is half of 2^(e - 127), as the codes are doubled.
  BlockMXFP4 block{uint8_t(std::ilogb(parts.scales[0]) + 128), {}};
  packIndices(e2m1Doubled, parts.codes, block.nibbles);
  store(block, bytes);
}
