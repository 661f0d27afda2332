//===- Staging.cpp - copies to the GPU through pinned memory --------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cuda/Staging.h"

#include <algorithm>
#include <cassert>
#include <cstring>

using namespace qopt;

Staging::Staging(const CudaContext &context) : context(context) {
  const CudaDriver &cuda = context.driver();
  for (Piece &piece : pieces) {
    piece.memory = PinnedMemory(context, pieceBytes, "copies to the GPU");
    cuda.check(cuda.eventCreate(&piece.copied, CU_EVENT_DISABLE_TIMING), "cannot make an event");
  }
}

Staging::~Staging() {
  for (Piece &piece : pieces)
    if (piece.copied)
      context.driver().eventDestroy(piece.copied);
}

/// Leaves the current piece and waits until the other is free.
void Staging::advance() {
  const CudaDriver &cuda = context.driver();
  cuda.check(cuda.eventRecord(pieces[current].copied, context.stream()),
             "cannot record the end of a copy to the GPU");
  current = 1 - current;
  used = 0;
  cuda.check(cuda.eventSynchronize(pieces[current].copied), "copying to the GPU");
}

std::span<std::byte> Staging::reserve(uint64_t size) {
  assert(size <= pieceBytes);
  if (size > pieceBytes - used)
    advance();
  return reserved = pieces[current].memory.bytes().subspan(used, size);
}

void Staging::send(CUdeviceptr destination) {
  const CudaDriver &cuda = context.driver();
  cuda.check(cuda.memcpyHtoDAsync(destination, reserved.data(), reserved.size(), context.stream()),
             "cannot copy {} bytes to the GPU", reserved.size());
  constexpr uint64_t alignment = 64;
  used = std::min(pieceBytes, used + (reserved.size() + alignment - 1) / alignment * alignment);
}

void Staging::write(CUdeviceptr destination, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    std::span<std::byte> room = reserve(std::min(bytes.size(), size_t(pieceBytes)));
    std::memcpy(room.data(), bytes.data(), room.size());
    send(destination);
    destination += room.size();
    bytes = bytes.subspan(room.size());
  }
}
