//===- GgmlBlocks.h - the layouts of ggml's blocks --------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_FORMATS_GGMLBLOCKS_H
#define QOPT_RUNTIME_FORMATS_GGMLBLOCKS_H

#include "runtime/formats/GgmlType.h"
#include <array>

namespace qopt::ggml {

// Blocks as files have them (ggml-common.h): little-endian, without padding or alignment. Nibbles
// of 32 elements: the low ones are the first 16 elements, the high ones the last 16.

struct BlockQ8_0 {
  uint16_t d; ///< f16
  int8_t codes[32];
};

struct BlockQ4_0 {
  uint16_t d;
  uint8_t nibbles[16];
};

struct BlockQ4_1 {
  uint16_t d, m;
  uint8_t nibbles[16];
};

struct BlockQ5_0 {
  uint16_t d;
  uint8_t high[4]; ///< The fifth bits, the first element's lowest.
  uint8_t nibbles[16];
};

struct BlockQ5_1 {
  uint16_t d, m;
  uint8_t high[4];
  uint8_t nibbles[16];
};

/// 8 scales and 8 minima of 6 bits in 12 bytes: the first four of each in the low 6 bits of bytes 0
/// to 3 and 4 to 7; the others have their low 4 bits in the halves of bytes 8 to 11 and their upper
/// 2 above the first ones.
using SixBitPairs = std::array<uint8_t, 12>;

struct BlockQ4_K {
  uint16_t d, dmin;
  SixBitPairs scales;
  uint8_t nibbles[128]; ///< Of every 64 elements, low ones the first 32, high ones the last 32.
};

struct BlockQ5_K {
  uint16_t d, dmin;
  SixBitPairs scales;
  uint8_t high[32]; ///< Bit i of byte j: the fifth bit of element 32 * i + j.
  uint8_t nibbles[128];
};

/// Halves of 128 elements, each four runs of 32: the low halves of two runs of bytes, then the high
/// ones; bits 2 i and 2 i + 1 of `high` belong to run i.
struct BlockQ6_K {
  uint8_t nibbles[128];
  uint8_t high[64];
  int8_t scales[16];
  uint16_t d;
};

struct BlockMXFP4 {
  uint8_t exponent; ///< E8M0
  uint8_t nibbles[16];
};

static_assert(sizeof(BlockQ8_0) == 34 && sizeof(BlockQ4_0) == 18 && sizeof(BlockQ4_1) == 20 &&
              sizeof(BlockQ5_0) == 22 && sizeof(BlockQ5_1) == 24 && sizeof(BlockQ4_K) == 144 &&
              sizeof(BlockQ5_K) == 176 && sizeof(BlockQ6_K) == 210 && sizeof(BlockMXFP4) == 17);

/// A scale and a minimum of a K block.
struct SixBitPair {
  uint8_t scale, minimum;
};
SixBitPair getPair(const SixBitPairs &pairs, size_t index);
void setPair(SixBitPairs &pairs, size_t index, SixBitPair pair);

/// The values of IQ4_NL's codes.
extern const std::array<int8_t, 16> iq4Values;
/// Twice the values of E2M1's codes, all integers.
extern const std::array<int8_t, 16> e2m1Doubled;

// Blocks of parts, the inverse of GgmlTraits::unpack. Throw an Error where a type's scales cannot
// be those of the parts.
void packQ8_0(const BlockParts &parts, std::byte *block);
void packQ4_0(const BlockParts &parts, std::byte *block);
void packQ4_1(const BlockParts &parts, std::byte *block);
void packQ5_0(const BlockParts &parts, std::byte *block);
void packQ5_1(const BlockParts &parts, std::byte *block);
void packQ4_K(const BlockParts &parts, std::byte *block);
void packQ5_K(const BlockParts &parts, std::byte *block);
void packQ6_K(const BlockParts &parts, std::byte *block);
void packIQ4_NL(const BlockParts &parts, std::byte *block);
void packMXFP4(const BlockParts &parts, std::byte *block);

} // namespace qopt::ggml

#endif // QOPT_RUNTIME_FORMATS_GGMLBLOCKS_H
