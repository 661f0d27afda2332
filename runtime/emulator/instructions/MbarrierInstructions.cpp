//===- MbarrierInstructions.cpp - mbarrier --------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Block.h"
#include "runtime/emulator/exec/MemoryAccess.h"
#include "runtime/emulator/instructions/Decoders.h"
#include "runtime/emulator/instructions/MemoryDecoding.h"

using namespace qopt;
using namespace qopt::emulator;

namespace {

constexpr unsigned kObjectBytes = 8;

/// Offsets of the objects in shared memory; the address is operands[base].
Addresses objectOffsets(Warp &warp, const Instruction &in, LaneMask mask, unsigned base) {
  Addresses offsets = readAddresses(warp, in, base);
  if (in.space == ptx::Space::Generic)
    for (uint64_t &offset : offsets)
      offset -= kSharedWindow;
  warp.block.shared.checkBounds(offsets, mask, kObjectBytes);
  return offsets;
}

/// Calls function(thread, offset, value) for each lane; operands are `first`, then the address,
/// then the value.
template <typename Function>
void forEachObject(Warp &warp, const Instruction &in, LaneMask mask, unsigned first,
                   Function function) {
  Addresses offsets = objectOffsets(warp, in, mask, first);
  const uint32_t *values = warp.lanes<uint32_t>(in.operands[first + 1]);
  forEachLane(mask, [&](unsigned lane) {
    function(BlockThread{warp.index, lane}, offsets[lane], values[lane]);
  });
}

void initialize(Warp &warp, const Instruction &in, LaneMask mask) {
  forEachObject(warp, in, mask, 0, [&](BlockThread thread, uint64_t offset, uint32_t count) {
    warp.block.mbarriers.initialize(thread, offset, count);
  });
}

void invalidate(Warp &warp, const Instruction &in, LaneMask mask) {
  Addresses offsets = objectOffsets(warp, in, mask, 0);
  forEachLane(mask, [&](unsigned lane) {
    warp.block.mbarriers.invalidate({warp.index, lane}, offsets[lane]);
  });
}

void expectBytes(Warp &warp, const Instruction &in, LaneMask mask) {
  forEachObject(warp, in, mask, 0, [&](BlockThread thread, uint64_t offset, uint32_t bytes) {
    warp.block.mbarriers.expect(thread, offset, bytes);
  });
}

void completeBytes(Warp &warp, const Instruction &in, LaneMask mask) {
  forEachObject(warp, in, mask, 0, [&](BlockThread thread, uint64_t offset, uint32_t bytes) {
    warp.block.mbarriers.complete(thread, offset, bytes);
  });
}

enum ArriveMode : uint8_t { Count = 0, Drop = 1, ExpectBytes = 2 };

/// Operands: the state that results, the address, a count or a number of bytes.
void arrive(Warp &warp, const Instruction &in, LaneMask mask) {
  uint64_t *states = warp.lanes<uint64_t>(in.operands[0]);
  forEachObject(warp, in, mask, 1, [&](BlockThread thread, uint64_t offset, uint32_t value) {
    Mbarriers &mbarriers = warp.block.mbarriers;
    if (in.mode & ExpectBytes)
      mbarriers.expect(thread, offset, value);
    states[thread.lane] =
        mbarriers.arrive(thread, offset, in.mode & ExpectBytes ? 1 : value, in.mode & Drop);
  });
}

/// Operands: whether the phase is complete, the address, and its parity, or in `State` the state
/// that an arrival gave.
template <typename State> void test(Warp &warp, const Instruction &in, LaneMask mask) {
  Addresses offsets = objectOffsets(warp, in, mask, 1);
  const State *phases = warp.lanes<State>(in.operands[2]);
  LaneMask complete = 0, failed = 0;
  forEachLane(mask, [&](unsigned lane) {
    bool isComplete =
        warp.block.mbarriers.test({warp.index, lane}, offsets[lane], unsigned(phases[lane] & 1));
    (isComplete ? complete : failed) |= LaneMask(1) << lane;
  });
  if (failed != 0)
    warp.block.mbarriers.noteFailedTest({warp.index, firstLane(failed)},
                                        offsets[firstLane(failed)]);
  LaneMask &to = warp.predicate(in.operands[0]);
  to = (to & ~mask) | complete;
}

/// The copies of cp.async that the thread has begun arrive at once, and so does the thread, unless
/// its arrival would be made up for (without .noinc).
void arriveAfterCopies(Warp &warp, const Instruction &in, LaneMask mask) {
  warp.copies.waitAll(mask, warp.block.shared, warp.index);
  Addresses offsets = objectOffsets(warp, in, mask, 0);
  forEachLane(mask, [&](unsigned lane) {
    if (in.mode)
      warp.block.mbarriers.arrive({warp.index, lane}, offsets[lane], 1, false);
  });
}

ptx::Space takeObjectSpace(Decoding &d) {
  d.takeOneOf({"acquire", "release", "relaxed"});
  d.takeOneOf({"cta", "cluster"});
  // Clusters have one block.
  bool isShared = d.takeOneOf({"shared", "shared::cta", "shared::cluster"}) >= 0;
  d.takeType({Type::B64});
  return isShared ? ptx::Space::Shared : ptx::Space::Generic;
}

void finish(Decoding &d, Operation &operation, const Decoding::Address &address, ptx::Space space) {
  setAddress(d, operation, address, space, kObjectBytes);
}

void decodeSimple(Decoding &d, Handler handler, bool hasValue) {
  ptx::Space space = takeObjectSpace(d);
  d.expectOperands(hasValue ? 2 : 1);
  Decoding::Address address = d.address(0);
  std::vector<Slot> slots = {address.base};
  if (hasValue)
    slots.push_back(d.use(1, Type::U32));
  finish(d, d.emit(handler, slots), address, space);
}

void decodeArrive(Decoding &d, uint8_t mode) {
  if (d.take("expect_tx"))
    mode |= ExpectBytes;
  else
    d.take("noComplete");
  ptx::Space space = takeObjectSpace(d);
  d.expectOperands(mode & ExpectBytes ? 3 : 2, 3);
  Decoding::Address address = d.address(1);
  Slot value = d.numOperands() == 3 ? d.use(2, Type::U32) : d.symbols.constant(32, 1);
  Operation &operation = d.emit(arrive, {d.define(0, Type::B64), address.base, value});
  operation.instruction.mode = mode;
  finish(d, operation, address, space);
}

/// test_wait and try_wait: threads whose test fails let others go on, in both.
void decodeTest(Decoding &d, size_t mostOperands) {
  bool byParity = d.take("parity");
  ptx::Space space = takeObjectSpace(d);
  d.expectOperands(3, mostOperands);
  Decoding::Address address = d.address(1);
  Slot phase = d.use(2, byParity ? Type::U32 : Type::B64);
  if (d.numOperands() == 4)
    d.use(3, Type::U32); // how long to wait
  Handler handler = byParity ? test<uint32_t> : test<uint64_t>;
  Operation &operation = d.emit(handler, {d.define(0, Type::Pred), address.base, phase});
  operation.instruction.flow = Flow::Test;
  finish(d, operation, address, space);
}

void decodeMbarrier(Decoding &d) {
  switch (d.needOneOf({"init", "inval", "arrive", "arrive_drop", "expect_tx", "complete_tx",
                       "test_wait", "try_wait"})) {
  case 0:
    return decodeSimple(d, initialize, true);
  case 1:
    return decodeSimple(d, invalidate, false);
  case 2:
    return decodeArrive(d, Count);
  case 3:
    return decodeArrive(d, Drop);
  case 4:
    return decodeSimple(d, expectBytes, true);
  case 5:
    return decodeSimple(d, completeBytes, true);
  case 6:
    return decodeTest(d, 3);
  default:
    return decodeTest(d, 4);
  }
}

} // namespace

void emulator::decodeCopyArrival(Decoding &d) {
  bool countsArrival = d.take("noinc");
  ptx::Space space = takeObjectSpace(d);
  d.expectOperands(1);
  Decoding::Address address = d.address(0);
  Operation &operation = d.emit(arriveAfterCopies, {address.base});
  operation.instruction.mode = countsArrival;
  finish(d, operation, address, space);
}

void emulator::addMbarriers(DecoderTable &table) { table["mbarrier"] = decodeMbarrier; }
