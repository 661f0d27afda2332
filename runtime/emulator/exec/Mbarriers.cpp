//===- Mbarriers.cpp - mbarrier objects, and copies that complete them ----===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Mbarriers.h"

#include <cstring>

using namespace qopt;
using namespace qopt::emulator;

static constexpr uint32_t kMaxCount = (1 << 20) - 1; ///< of arrivals and of bytes
static constexpr uint64_t kValid = 2;                ///< in the two upper bits
/// Threads that wait take turns with those that work, which run long each time.
static constexpr uint32_t kMaxFailedTests = 1 << 16;

/// The contents of an object.
struct Mbarriers::State {
  uint32_t expected = 0; ///< arrivals of each phase
  uint32_t pending = 0;  ///< arrivals that the current phase lacks
  int32_t bytes = 0;     ///< that it lacks
  unsigned phase = 0;    ///< parity of the current phase

  uint64_t pack() const {
    return expected | uint64_t(pending) << 20 | uint64_t(bytes & 0x1fffff) << 40 |
           uint64_t(phase) << 61 | kValid << 62;
  }
  static State unpack(uint64_t bits) {
    auto signedBytes = int32_t(uint32_t(bits >> 40) << 11) >> 11;
    return {uint32_t(bits) & kMaxCount, uint32_t(bits >> 20) & kMaxCount, signedBytes,
            unsigned(bits >> 61) & 1};
  }
};

void Mbarriers::beginBlock() {
  copies.clear();
  lastCompletion.clear();
  failedTests = 0;
}

Mbarriers::State Mbarriers::load(BlockThread thread, uint64_t offset) {
  shared.checkAtomic(thread.warp, offset, thread.lane, 8);
  uint64_t bits;
  memcpy(&bits, shared.at(offset), 8);
  if (bits >> 62 != kValid)
    raise(FaultKind::Uninitialized, thread.lane,
          "uses the mbarrier at {:#x}, which was not initialized", offset);
  return State::unpack(bits);
}

void Mbarriers::store(uint64_t offset, const State &state) {
  uint64_t bits = state.pack();
  memcpy(shared.at(offset), &bits, 8);
}

/// Goes on to the next phase if nothing is missing.
void Mbarriers::finishPhase(uint64_t offset, State &state) {
  if (state.pending != 0 || state.bytes != 0)
    return;
  state.pending = state.expected;
  state.phase ^= 1;
  lastCompletion[offset] = shared.release();
  noteProgress();
}

void Mbarriers::initialize(BlockThread thread, uint64_t offset, uint32_t count) {
  if (count == 0 || count > kMaxCount)
    raise(FaultKind::OutOfBounds, thread.lane, "expects {} arrivals, not 1 to {}", count,
          kMaxCount);
  uint64_t bits = State{count, count, 0, 0}.pack();
  shared.write(thread.warp, offset, thread.lane, reinterpret_cast<const std::byte *>(&bits), 8);
}

void Mbarriers::invalidate(BlockThread thread, uint64_t offset) {
  load(thread, offset);
  memset(shared.at(offset), 0, 8);
}

void Mbarriers::expect(BlockThread thread, uint64_t offset, uint32_t bytes) {
  State state = load(thread, offset);
  if (bytes > kMaxCount || int64_t(state.bytes) + bytes > int64_t(kMaxCount))
    raise(FaultKind::OutOfBounds, thread.lane, "expects {} bytes beside {}, of at most {}", bytes,
          state.bytes, kMaxCount);
  state.bytes += int32_t(bytes);
  store(offset, state);
}

void Mbarriers::completeBytes(BlockThread thread, State &state, uint64_t bytes) {
  if (bytes > uint64_t(state.bytes + int32_t(kMaxCount)))
    raise(FaultKind::OutOfBounds, thread.lane, "completes {} bytes, of which {} are expected",
          bytes, state.bytes);
  state.bytes -= int32_t(bytes);
}

void Mbarriers::complete(BlockThread thread, uint64_t offset, uint32_t bytes) {
  State state = load(thread, offset);
  completeBytes(thread, state, bytes);
  noteProgress();
  finishPhase(offset, state);
  store(offset, state);
}

unsigned Mbarriers::arrive(BlockThread thread, uint64_t offset, uint32_t count, bool drops) {
  State state = load(thread, offset);
  unsigned phase = state.phase;
  if (count == 0 || count > state.pending)
    raise(FaultKind::Divergence, thread.lane,
          "arrives {} times at the mbarrier at {:#x}, whose phase expects {} of {} arrivals", count,
          offset, state.pending, state.expected);
  state.pending -= count;
  state.expected -= drops ? count : 0;
  noteProgress();
  finishPhase(offset, state);
  store(offset, state);
  return phase;
}

/// Lets the copies of the object arrive; returns their bytes.
uint64_t Mbarriers::deliver(uint64_t barrier) {
  uint64_t bytes = 0;
  std::erase_if(copies, [&](const Copy &copy) {
    if (copy.barrier != barrier)
      return false;
    for (const BulkPiece &piece : copy.pieces) {
      std::byte *to = shared.at(piece.offset);
      memset(to, 0, BulkPiece::kBytes);
      if (piece.begin != piece.end)
        memcpy(to + piece.begin, piece.global, size_t(piece.end - piece.begin));
      shared.endCopy(copy.thread.warp, piece.offset, copy.thread.lane, BulkPiece::kBytes);
      bytes += BulkPiece::kBytes;
    }
    return true;
  });
  return bytes;
}

bool Mbarriers::test(BlockThread thread, uint64_t offset, unsigned parity) {
  State state = load(thread, offset);
  if (state.phase == parity && state.pending == 0) {
    if (uint64_t bytes = deliver(offset)) {
      completeBytes(thread, state, bytes);
      noteProgress();
    }
    finishPhase(offset, state);
    store(offset, state);
  }
  if (state.phase == parity)
    return false;
  noteProgress();
  if (auto completion = lastCompletion.find(offset); completion != lastCompletion.end())
    shared.acquire(thread.warp, completion->second);
  return true;
}

void Mbarriers::addCopy(BlockThread thread, const Instruction &instruction, uint64_t offset,
                        std::vector<BulkPiece> pieces) {
  load(thread, offset);
  for (const BulkPiece &piece : pieces)
    shared.beginCopy(thread.warp, piece.offset, thread.lane, BulkPiece::kBytes);
  copies.push_back({thread, &instruction, offset, std::move(pieces)});
  noteProgress();
}

void Mbarriers::noteFailedTest(BlockThread thread, uint64_t offset) {
  if (++failedTests < kMaxFailedTests)
    return;
  State state = load(thread, offset);
  raise(FaultKind::Divergence, thread.lane,
        "waits forever at the mbarrier at {:#x}, which lacks {} of {} arrivals and {} bytes",
        offset, state.pending, state.expected, state.bytes);
}
