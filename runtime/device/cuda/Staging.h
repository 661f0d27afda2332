//===- Staging.h - copies to the GPU through pinned memory ------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_DEVICE_CUDA_STAGING_H
#define QOPT_RUNTIME_DEVICE_CUDA_STAGING_H

#include "runtime/device/cuda/CudaContext.h"
#include <array>

namespace qopt {

/// Two pinned pieces that are filled in turn: while the GPU copies out of one, the host writes into
/// the other. Copies take their place in the context's stream, and none waits for the GPU as long
/// as there is room.
class Staging {
public:
  /// Bytes that one reservation can have.
  static constexpr uint64_t pieceBytes = uint64_t(4) << 20;

  explicit Staging(const CudaContext &context);
  ~Staging();

  /// Room for `size` bytes, to be written and then sent before anything else is reserved.
  std::span<std::byte> reserve(uint64_t size);
  /// Copies what was reserved to device memory.
  void send(CUdeviceptr destination);

  /// Copies any number of bytes.
  void write(CUdeviceptr destination, std::span<const std::byte> bytes);

private:
  struct Piece {
    PinnedMemory memory;
    CUevent copied = nullptr; ///< Recorded when it was left.
  };
  void advance();

  const CudaContext &context;
  std::array<Piece, 2> pieces;
  size_t current = 0;
  uint64_t used = 0; ///< Bytes of the current piece.
  std::span<std::byte> reserved;
};

} // namespace qopt

#endif // QOPT_RUNTIME_DEVICE_CUDA_STAGING_H
