//===- AsyncCopyInstructions.cpp - cp.async -------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Block.h"
#include "runtime/emulator/exec/Counters.h"
#include "runtime/emulator/exec/MemoryAccess.h"
#include "runtime/emulator/instructions/Decoders.h"
#include "runtime/emulator/instructions/MemoryDecoding.h"

using namespace qopt;
using namespace qopt::emulator;

namespace {

/// Operands: the address in shared memory, that in global memory, how many of the bytes to read,
/// and not a slot but the offset of the global address; `immediate` is that of the shared one.
void copyAsync(Warp &warp, const Instruction &in, LaneMask mask) {
  AsyncCopies::Copy copy;
  copy.lanes = mask;
  copy.size = in.size;
  copy.offsets = readAddresses(warp, in, 0);
  Addresses from;
  const uint64_t *base = warp.lanes<uint64_t>(in.operands[1]);
  auto offset = int64_t(int32_t(in.operands[3]));
  const uint32_t *bytes = warp.lanes<uint32_t>(in.operands[2]);
  for (unsigned lane = 0; lane < kWarpSize; ++lane) {
    from[lane] = base[lane] + uint64_t(offset);
    copy.sourceBytes[lane] = uint8_t(std::min<uint32_t>(bytes[lane], in.size));
  }

  SharedMemory &shared = warp.block.shared;
  shared.checkBounds(copy.offsets, mask, in.size);
  forEachLane(mask, [&](unsigned lane) {
    if (bytes[lane] > in.size)
      raise(FaultKind::OutOfBounds, lane, "is to read {} of {} bytes", bytes[lane], in.size);
    if (bytes[lane] != 0 && from[lane] % in.size != 0)
      raise(FaultKind::Misaligned, lane, "reads {} bytes at {:#x}, which is no multiple of {}",
            in.size, from[lane], in.size);
  });
  resolveGlobalReads(warp, in, mask, from, copy.sourceBytes, copy.sources);
  if (warp.block.launch.countAccesses) {
    LaneMask reading = 0;
    forEachLane(mask, [&](unsigned lane) { reading |= LaneMask(bytes[lane] != 0) << lane; });
    if (reading != 0)
      countGlobal(warp.block.statistics, from, reading, in.size, false);
    countShared(warp.block.statistics, copy.offsets, mask, in.size);
  }
  forEachLane(mask, [&](unsigned lane) {
    shared.beginCopy(warp.index, copy.offsets[lane], lane, in.size);
  });
  warp.copies.add(copy);
}

void commitGroup(Warp &warp, const Instruction &, LaneMask mask) { warp.copies.commit(mask); }

void waitGroup(Warp &warp, const Instruction &in, LaneMask mask) {
  warp.copies.wait(mask, uint32_t(in.immediate), warp.block.shared, warp.index);
}

void waitAll(Warp &warp, const Instruction &, LaneMask mask) {
  warp.copies.waitAll(mask, warp.block.shared, warp.index);
}

void decodeCopy(Decoding &d) {
  bool isGlobalOnly = d.needOneOf({"ca", "cg"}) == 1;
  d.needOneOf({"shared", "shared::cta"});
  d.needOneOf({"global"});
  if (d.has("L2::cache_hint"))
    d.error("the emulator does not know cache policies");
  d.takePrefix("L2::");
  d.expectOperands(3, 4);
  const ptx::Operand &size = d.operand(2);
  bool fits = size.kind == ptx::Operand::Kind::Integer &&
              (size.bits == 16 || (!isGlobalOnly && (size.bits == 4 || size.bits == 8)));
  if (!fits)
    d.error("the size is not 4, 8 or 16 bytes, or with .cg 16");
  Decoding::Address to = d.address(0), from = d.address(1);
  if (from.isNarrow || from.offset != int32_t(from.offset))
    d.error("the address in global memory is not a register of 64 bits");
  Slot bytes = d.numOperands() == 4 ? d.use(3, Type::U32) : d.symbols.constant(32, size.bits);
  Operation &operation = d.emit(copyAsync, {to.base, from.base, bytes, Slot(int32_t(from.offset))});
  setAddress(d, operation, to, ptx::Space::Shared, unsigned(size.bits));
}

void decodeCopyAsync(Decoding &d) {
  d.needOneOf({"async"});
  if (d.take("bulk")) {
    decodeBulkCopy(d);
  } else if (d.take("mbarrier")) {
    d.needOneOf({"arrive"});
    decodeCopyArrival(d);
  } else if (d.take("commit_group")) {
    d.expectOperands(0);
    d.emit(commitGroup, {});
  } else if (d.take("wait_all")) {
    d.expectOperands(0);
    d.emit(waitAll, {});
  } else if (d.take("wait_group")) {
    d.expectOperands(1);
    if (d.operand(0).kind != ptx::Operand::Kind::Integer || d.operand(0).bits > INT32_MAX)
      d.error("the number of groups is not a constant");
    d.emit(waitGroup, {}).instruction.immediate = int64_t(d.operand(0).bits);
  } else {
    decodeCopy(d);
  }
}

} // namespace

void emulator::addAsyncCopies(DecoderTable &table) { table["cp"] = decodeCopyAsync; }
