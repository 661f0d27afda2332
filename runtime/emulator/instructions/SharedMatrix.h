//===- SharedMatrix.h - matrices that wgmma finds in shared memory --*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_INSTRUCTIONS_SHAREDMATRIX_H
#define QOPT_RUNTIME_EMULATOR_INSTRUCTIONS_SHAREDMATRIX_H

#include "runtime/emulator/exec/TensorMap.h"

namespace qopt::emulator {

/// A matrix descriptor of wgmma. Rows are those of A, or the columns of B; k runs along the depth.
/// The layouts are the canonical ones of the PTX manual: 8 rows of 16 to 128 bytes (as many as are
/// swizzled) follow each other, along k, or along the rows where `isTransposed`.
class SharedMatrix {
public:
  SharedMatrix(uint64_t descriptor, unsigned elementBytes, bool isTransposed)
      : start((descriptor & 0x3fff) << 4), leading((descriptor >> 16 & 0x3fff) << 4),
        stride((descriptor >> 32 & 0x3fff) << 4), baseOffset(unsigned(descriptor >> 49) & 7),
        bits((4 - unsigned(descriptor >> 62)) & 3), elementBytes(elementBytes),
        isTransposed(isTransposed) {}

  /// Of tiles that do not begin where the swizzle repeats; 0 for all that do.
  unsigned tileOffset() const { return baseOffset; }

  /// Where an element lies in shared memory. 16 aligned bytes in a row, or along k, stay together.
  uint64_t offset(unsigned row, unsigned k) const {
    uint64_t span = uint64_t(16) << bits; // bytes that are swizzled together
    uint64_t place = 0;
    if (!isTransposed) {
      uint64_t byte = uint64_t(k) * elementBytes;
      place = bits == 0 ? byte / 16 * leading + byte % 16 : byte;
      place += row % 8 * span + row / 8 * stride;
    } else {
      uint64_t byte = uint64_t(row) * elementBytes;
      place = byte % span + k % 8 * span;
      place += byte / span * (bits == 0 ? stride : leading);
      place += k / 8 * (bits == 0 ? leading : stride);
    }
    return swizzle(start + place, bits);
  }

private:
  uint64_t start, leading, stride; ///< bytes
  unsigned baseOffset, bits, elementBytes;
  bool isTransposed;
};

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_INSTRUCTIONS_SHAREDMATRIX_H
