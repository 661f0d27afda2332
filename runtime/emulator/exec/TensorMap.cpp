//===- TensorMap.cpp - the tensors that TMA copies boxes of ---------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/TensorMap.h"

#include <algorithm>
#include <cstring>

using namespace qopt;
using namespace qopt::emulator;

static constexpr uint32_t kMagic = 0x74706f71;
static constexpr uint32_t kPieceBytes = 16;

namespace {

/// How the fields lie in the 128 bytes.
struct Encoded {
  uint32_t magic;
  uint8_t elementBytes, rank, swizzleBits;
  uint64_t address;
  uint32_t lastIndices[TensorMap::kMaxRank]; ///< sizes less one
  uint32_t strides[TensorMap::kMaxRank];     ///< in units of 16 bytes
  uint16_t box[TensorMap::kMaxRank];
};
static_assert(sizeof(Encoded) <= TensorMap::kBytes);

} // namespace

std::array<std::byte, TensorMap::kBytes> TensorMap::encode() const {
  Encoded encoded = {};
  encoded.magic = kMagic;
  encoded.elementBytes = elementBytes;
  encoded.rank = rank;
  encoded.swizzleBits = swizzleBits;
  encoded.address = address;
  for (size_t i = 0; i < rank; ++i) {
    encoded.lastIndices[i] = uint32_t(sizes[i] - 1);
    encoded.strides[i] = uint32_t(strides[i] / kPieceBytes);
    encoded.box[i] = box[i];
  }
  std::array<std::byte, kBytes> bytes = {};
  memcpy(bytes.data(), &encoded, sizeof(encoded));
  return bytes;
}

std::optional<TensorMap> TensorMap::decode(const std::byte *bytes) {
  Encoded encoded;
  memcpy(&encoded, bytes, sizeof(encoded));
  bool isValid = encoded.magic == kMagic && encoded.rank >= 1 && encoded.rank <= kMaxRank &&
                 encoded.swizzleBits <= 3 && encoded.elementBytes >= 1 && encoded.elementBytes <= 8;
  for (size_t i = 0; isValid && i < encoded.rank; ++i)
    isValid = encoded.box[i] >= 1 && encoded.box[i] <= 256;
  if (!isValid || encoded.box[0] * encoded.elementBytes % kPieceBytes != 0)
    return std::nullopt;
  TensorMap map;
  map.address = encoded.address;
  map.elementBytes = encoded.elementBytes;
  map.rank = encoded.rank;
  map.swizzleBits = encoded.swizzleBits;
  for (size_t i = 0; i < map.rank; ++i) {
    map.sizes[i] = uint64_t(encoded.lastIndices[i]) + 1;
    map.strides[i] = i == 0 ? map.elementBytes : uint64_t(encoded.strides[i]) * kPieceBytes;
    map.box[i] = encoded.box[i];
  }
  return map;
}

uint64_t TensorMap::boxBytes() const {
  uint64_t bytes = elementBytes;
  for (size_t i = 0; i < rank; ++i)
    bytes *= box[i];
  return bytes;
}

void TensorMap::forEachPiece(const std::array<int32_t, kMaxRank> &coordinates,
                             const PieceFunction &function) const {
  uint64_t rowBytes = uint64_t(box[0]) * elementBytes, rows = boxBytes() / rowBytes;
  int64_t tensorBytes = int64_t(sizes[0] * elementBytes);
  for (uint64_t row = 0; row < rows; ++row) {
    uint64_t rest = row, rowAddress = address;
    bool isInside = true;
    for (size_t i = 1; i < rank; ++i) {
      int64_t index = coordinates[i] + int64_t(rest % box[i]);
      rest /= box[i];
      isInside &= index >= 0 && uint64_t(index) < sizes[i];
      rowAddress += uint64_t(index) * strides[i];
    }
    int64_t first = int64_t(coordinates[0]) * elementBytes;
    for (uint64_t at = 0; at < rowBytes; at += kPieceBytes) {
      int64_t place = first + int64_t(at);
      int64_t begin = isInside ? std::clamp<int64_t>(-place, 0, kPieceBytes) : 0;
      int64_t end = isInside ? std::clamp<int64_t>(tensorBytes - place, begin, kPieceBytes) : 0;
      function(row * rowBytes + at, rowAddress + uint64_t(place + begin), unsigned(begin),
               unsigned(end));
    }
  }
}
