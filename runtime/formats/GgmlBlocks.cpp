//===- GgmlBlocks.cpp - ggml's blocks taken apart -------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/GgmlBlocks.h"

#include "runtime/formats/FloatConvert.h"
#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>

using namespace qopt;
using namespace qopt::ggml;

const std::array<int8_t, 16> ggml::iq4Values = {-127, -104, -83, -65, -49, -35, -22, -10,
                                                1,    13,   25,  38,  53,  69,  89,  113};
const std::array<int8_t, 16> ggml::e2m1Doubled = {0, 1,  2,  3,  4,  6,  8,  12,
                                                  0, -1, -2, -3, -4, -6, -8, -12};

SixBitPair ggml::getPair(const SixBitPairs &pairs, size_t index) {
  if (index < 4)
    return {uint8_t(pairs[index] & 63), uint8_t(pairs[index + 4] & 63)};
  return {uint8_t((pairs[index + 4] & 15) | (pairs[index - 4] >> 6) << 4),
          uint8_t((pairs[index + 4] >> 4) | (pairs[index] >> 6) << 4)};
}

void ggml::setPair(SixBitPairs &pairs, size_t index, SixBitPair pair) {
  assert(pair.scale < 64 && pair.minimum < 64);
  if (index < 4) {
    pairs[index] = uint8_t((pairs[index] & 0xc0) | pair.scale);
    pairs[index + 4] = uint8_t((pairs[index + 4] & 0xc0) | pair.minimum);
    return;
  }
  pairs[index + 4] = uint8_t((pair.scale & 15) | (pair.minimum & 15) << 4);
  pairs[index - 4] = uint8_t((pairs[index - 4] & 63) | (pair.scale >> 4) << 6);
  pairs[index] = uint8_t((pairs[index] & 63) | (pair.minimum >> 4) << 6);
}

template <typename Block> static Block load(const std::byte *bytes) {
  Block block;
  memcpy(&block, bytes, sizeof(block));
  return block;
}

/// Low halves of `bytes`, then high ones.
static void unpackNibbles(std::span<const uint8_t> bytes, int8_t *codes) {
  for (size_t i = 0; i < bytes.size(); ++i) {
    codes[i] = int8_t(bytes[i] & 15);
    codes[bytes.size() + i] = int8_t(bytes[i] >> 4);
  }
}

static void lookUp(const std::array<int8_t, 16> &table, std::span<int8_t> codes) {
  for (int8_t &code : codes)
    code = table[size_t(code)];
}

static void unpackQ8_0(const std::byte *bytes, const BlockParts &parts) {
  auto block = load<BlockQ8_0>(bytes);
  std::copy(std::begin(block.codes), std::end(block.codes), parts.codes.begin());
  parts.scales[0] = f16ToF32(block.d);
}

static void unpackQ4_0(const std::byte *bytes, const BlockParts &parts) {
  auto block = load<BlockQ4_0>(bytes);
  unpackNibbles(block.nibbles, parts.codes.data());
  for (int8_t &code : parts.codes)
    code -= 8;
  parts.scales[0] = f16ToF32(block.d);
}

static void unpackQ4_1(const std::byte *bytes, const BlockParts &parts) {
  auto block = load<BlockQ4_1>(bytes);
  unpackNibbles(block.nibbles, parts.codes.data());
  parts.scales[0] = f16ToF32(block.d);
  parts.zeros[0] = f16ToF32(block.m);
}

/// Nibbles with their fifth bits.
static void unpackFiveBits(std::span<const uint8_t> nibbles, const uint8_t (&high)[4],
                           std::span<int8_t> codes) {
  unpackNibbles(nibbles, codes.data());
  for (size_t i = 0; i < codes.size(); ++i)
    codes[i] |= int8_t(((high[i / 8] >> (i % 8)) & 1) << 4);
}

static void unpackQ5_0(const std::byte *bytes, const BlockParts &parts) {
  auto block = load<BlockQ5_0>(bytes);
  unpackFiveBits(block.nibbles, block.high, parts.codes);
  for (int8_t &code : parts.codes)
    code -= 16;
  parts.scales[0] = f16ToF32(block.d);
}

static void unpackQ5_1(const std::byte *bytes, const BlockParts &parts) {
  auto block = load<BlockQ5_1>(bytes);
  unpackFiveBits(block.nibbles, block.high, parts.codes);
  parts.scales[0] = f16ToF32(block.d);
  parts.zeros[0] = f16ToF32(block.m);
}

static void unpackPairs(uint16_t d, uint16_t dmin, const SixBitPairs &pairs,
                        const BlockParts &parts) {
  float scale = f16ToF32(d), minimum = f16ToF32(dmin);
  for (size_t i = 0; i < 8; ++i) {
    SixBitPair pair = getPair(pairs, i);
    parts.scales[i] = scale * float(pair.scale);
    parts.zeros[i] = -(minimum * float(pair.minimum));
  }
}

static void unpackQ4_K(const std::byte *bytes, const BlockParts &parts) {
  auto block = load<BlockQ4_K>(bytes);
  for (size_t i = 0; i < 4; ++i)
    unpackNibbles(std::span(block.nibbles).subspan(32 * i, 32), &parts.codes[64 * i]);
  unpackPairs(block.d, block.dmin, block.scales, parts);
}

static void unpackQ5_K(const std::byte *bytes, const BlockParts &parts) {
  auto block = load<BlockQ5_K>(bytes);
  for (size_t i = 0; i < 4; ++i)
    unpackNibbles(std::span(block.nibbles).subspan(32 * i, 32), &parts.codes[64 * i]);
  for (size_t i = 0; i < 256; ++i)
    parts.codes[i] |= int8_t(((block.high[i % 32] >> (i / 32)) & 1) << 4);
  unpackPairs(block.d, block.dmin, block.scales, parts);
}

static void unpackQ6_K(const std::byte *bytes, const BlockParts &parts) {
  auto block = load<BlockQ6_K>(bytes);
  for (size_t i = 0; i < 256; ++i) {
    size_t half = i / 128, run = i % 128 / 32, j = i % 32;
    uint8_t nibbles = block.nibbles[64 * half + 32 * (run % 2) + j];
    int low = run < 2 ? nibbles & 15 : nibbles >> 4;
    int high = (block.high[32 * half + j] >> (2 * run)) & 3;
    parts.codes[i] = int8_t((low | high << 4) - 32);
  }
  for (size_t i = 0; i < 16; ++i)
    parts.scales[i] = f16ToF32(block.d) * float(block.scales[i]);
}

static void unpackIQ4_NL(const std::byte *bytes, const BlockParts &parts) {
  auto block = load<BlockQ4_0>(bytes); // the same layout
  unpackNibbles(block.nibbles, parts.codes.data());
  lookUp(iq4Values, parts.codes);
  parts.scales[0] = f16ToF32(block.d);
}

static void unpackMXFP4(const std::byte *bytes, const BlockParts &parts) {
  auto block = load<BlockMXFP4>(bytes);
  unpackNibbles(block.nibbles, parts.codes.data());
  lookUp(e2m1Doubled, parts.codes);
  // Half of 2^(e - 127), as the codes are doubled.
  parts.scales[0] = std::ldexp(1.0f, int(block.exponent) - 128);
}

//===----------------------------------------------------------------------===//
// The table of types
//===----------------------------------------------------------------------===//

static constexpr GgmlTraits plain(GgmlType type, std::string_view name, uint32_t fileType,
                                  uint32_t bytes, DType dtype) {
  return {type, name, fileType, 1, bytes, 0, false, 0, 0, nullptr, nullptr, dtype};
}

static constexpr GgmlTraits table[] = {
    plain(GgmlType::F32, "F32", 0, 4, DType::F32),
    plain(GgmlType::F16, "F16", 1, 2, DType::F16),
    {GgmlType::Q4_0, "Q4_0", 2, 32, 18, 32, false, -8, 7, unpackQ4_0, packQ4_0, {}},
    {GgmlType::Q4_1, "Q4_1", 3, 32, 20, 32, true, 0, 15, unpackQ4_1, packQ4_1, {}},
    {GgmlType::Q5_0, "Q5_0", 8, 32, 22, 32, false, -16, 15, unpackQ5_0, packQ5_0, {}},
    {GgmlType::Q5_1, "Q5_1", 9, 32, 24, 32, true, 0, 31, unpackQ5_1, packQ5_1, {}},
    {GgmlType::Q8_0, "Q8_0", 7, 32, 34, 32, false, -128, 127, unpackQ8_0, packQ8_0, {}},
    {GgmlType::Q4_K, "Q4_K", 14, 256, 144, 32, true, 0, 15, unpackQ4_K, packQ4_K, {}},
    {GgmlType::Q5_K, "Q5_K", 16, 256, 176, 32, true, 0, 31, unpackQ5_K, packQ5_K, {}},
    {GgmlType::Q6_K, "Q6_K", 18, 256, 210, 16, false, -32, 31, unpackQ6_K, packQ6_K, {}},
    {GgmlType::IQ4_NL, "IQ4_NL", 25, 32, 18, 32, false, -127, 113, unpackIQ4_NL, packIQ4_NL, {}},
    plain(GgmlType::BF16, "BF16", 32, 2, DType::BF16),
    {GgmlType::MXFP4, "MXFP4", 38, 32, 17, 32, false, -12, 12, unpackMXFP4, packMXFP4, {}},
};

std::span<const GgmlTraits> qopt::ggmlTypes() { return table; }

const GgmlTraits *qopt::findGgmlType(uint32_t number) {
  auto found = std::ranges::find(table, GgmlType(number), &GgmlTraits::type);
  return found == std::end(table) ? nullptr : found;
}

const GgmlTraits &qopt::ggmlTraits(GgmlType type) {
  const GgmlTraits *traits = findGgmlType(uint32_t(type));
  assert(traits && "a type that is not in the table");
  return *traits;
}
