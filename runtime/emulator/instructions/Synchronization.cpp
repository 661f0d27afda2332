//===- Synchronization.cpp - barriers and fences --------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Block.h"
#include "runtime/emulator/instructions/Decoders.h"
#include "runtime/emulator/instructions/Decoding.h"
#include <atomic>

using namespace qopt;
using namespace qopt::emulator;

namespace {

enum class Reduction : uint8_t { Count, And, Or };

bool holds(const Block &block, unsigned barrier, Reduction reduction) {
  uint32_t holding = block.lastHolding(barrier);
  return reduction == Reduction::And ? holding == block.lastExpected(barrier) : holding != 0;
}

/// After a reducing barrier: operands are the result and the barrier.
void readReduction(Warp &warp, const Instruction &in, LaneMask mask) {
  auto reduction = Reduction(in.mode);
  uint32_t barrier = warp.lanes<uint32_t>(in.operands[1])[firstLane(mask)];
  if (reduction == Reduction::Count) {
    assignLanes(warp.lanes<uint32_t>(in.operands[0]), mask,
                [&](unsigned) { return warp.block.lastHolding(barrier); });
    return;
  }
  LaneMask &to = warp.predicate(in.operands[0]);
  to = (to & ~mask) | (holds(warp.block, barrier, reduction) ? mask : 0);
}

/// Instruction fields of a barrier whose number and count are operands `first` and, if it is there,
/// `first + 1`.
Operation &emitBarrier(Decoding &d, BarrierMode mode, size_t first, bool hasCount) {
  Slot barrier = d.use(first, Type::U32);
  Slot count = hasCount ? d.use(first + 1, Type::U32) : barrier;
  Operation &operation = d.emitFlow(Flow::Barrier, {barrier, count});
  operation.instruction.mode = uint8_t(mode);
  operation.instruction.count = hasCount;
  return operation;
}

void decodeReducingBarrier(Decoding &d) {
  auto reduction = Reduction(d.needOneOf({"popc", "and", "or"}));
  Type type = d.takeType({reduction == Reduction::Count ? Type::U32 : Type::Pred});
  d.expectOperands(3, 4);
  bool hasCount = d.numOperands() == 4;
  LaneMask flip;
  Slot predicate = d.usePredicate(d.operand(d.numOperands() - 1), flip);
  Operation &barrier = emitBarrier(d, BarrierMode::Reduce, 1, hasCount);
  barrier.operands.push_back(predicate);
  barrier.instruction.immediate = flip;
  Slot number = d.use(1, Type::U32);
  d.emit(readReduction, {d.define(0, type), number}).instruction.mode = uint8_t(reduction);
}

void synchronizeWarp(Warp &warp, const Instruction &, LaneMask) {
  warp.block.shared.synchronizeWarp(warp.index);
}

void decodeBarrier(Decoding &d) {
  if (d.take("warp")) {
    d.needOneOf({"sync"});
    d.expectOperands(1);
    Slot mask = d.use(0, Type::B32);
    d.emitCollective(synchronizeWarp, {mask});
    return;
  }
  d.take("cta");
  d.take("aligned");
  switch (d.needOneOf({"sync", "arrive", "red"})) {
  case 0:
    d.expectOperands(1, 2);
    emitBarrier(d, BarrierMode::Sync, 0, d.numOperands() == 2);
    break;
  case 1:
    d.expectOperands(2);
    emitBarrier(d, BarrierMode::Arrive, 0, true);
    break;
  default:
    decodeReducingBarrier(d);
  }
}

void fence(Warp &, const Instruction &, LaneMask) {
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

void decodeFence(Decoding &d) {
  if (d.takePrefix("proxy")) {
    d.takeOneOf({"async", "alias", "generic"});
    d.takePrefix("tensormap");
  }
  d.take("mbarrier_init");
  d.takeOneOf({"global", "shared::cta", "shared::cluster"});
  d.takeOneOf({"sc", "acq_rel", "acquire", "release"});
  d.takeOneOf({"cta", "cluster", "gpu", "gl", "sys"});
  d.expectOperands(0, 2); // those of a tensor map have its address and size
  d.emit(fence, {});
}

void doNothing(Warp &, const Instruction &, LaneMask) {}

/// Launches follow each other, so that those before have ended.
void waitForGrids(Warp &warp, const Instruction &, LaneMask mask) { warp.unwaited &= ~mask; }

void decodeGridDependency(Decoding &d) {
  bool waits = d.needOneOf({"wait", "launch_dependents"}) == 0;
  d.expectOperands(0);
  // Kernels run one after the other: what depends on this one has not begun.
  d.emit(waits ? waitForGrids : doNothing, {});
}

} // namespace

void emulator::addSynchronization(DecoderTable &table) {
  table["bar"] = decodeBarrier;
  table["barrier"] = decodeBarrier;
  table["fence"] = decodeFence;
  table["membar"] = decodeFence;
  table["griddepcontrol"] = decodeGridDependency;
}
