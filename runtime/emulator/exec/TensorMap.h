//===- TensorMap.h - the tensors that TMA copies boxes of -------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_EXEC_TENSORMAP_H
#define QOPT_RUNTIME_EMULATOR_EXEC_TENSORMAP_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

namespace qopt::emulator {

/// What a CUtensorMap of the emulator holds: a tensor in global memory and the box that one copy
/// moves. Dimension 0 is contiguous.
struct TensorMap {
  static constexpr size_t kBytes = 128;
  static constexpr size_t kMaxRank = 5;

  uint64_t address = 0;
  uint8_t elementBytes = 1;
  uint8_t rank = 1;
  uint8_t swizzleBits = 0;                     ///< 0 to 3: none, 32, 64 or 128 bytes
  std::array<uint64_t, kMaxRank> sizes = {};   ///< elements of each dimension, at most 2^32
  std::array<uint64_t, kMaxRank> strides = {}; ///< bytes; of dimension 0 the element's
  std::array<uint16_t, kMaxRank> box = {};     ///< elements of each dimension, at most 256

  std::array<std::byte, kBytes> encode() const;
  /// Nothing if these are no bytes that `encode` gave.
  static std::optional<TensorMap> decode(const std::byte *bytes);

  uint64_t boxBytes() const;
  /// Calls function(offset in the box, address, begin, end) for each 16 bytes of the box at these
  /// coordinates: those from `begin` to `end` are in the tensor, the first of them at `address`.
  using PieceFunction = std::function<void(uint64_t, uint64_t, unsigned, unsigned)>;
  void forEachPiece(const std::array<int32_t, kMaxRank> &coordinates,
                    const PieceFunction &function) const;
};

/// Where a byte of a swizzled box or matrix lies in shared memory: bits 4 to 6 of the address, or
/// fewer, are changed by those from bit 7 on.
inline uint64_t swizzle(uint64_t offset, unsigned bits) {
  return offset ^ ((offset >> 7 & ((uint64_t(1) << bits) - 1)) << 4);
}

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_EXEC_TENSORMAP_H
