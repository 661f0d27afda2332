//===- MemoryAccess.cpp - from addresses to bytes of the host -------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/MemoryAccess.h"

#include "runtime/emulator/exec/Block.h"
#include "runtime/emulator/exec/Counters.h"

using namespace qopt;
using namespace qopt::emulator;
using ptx::Space;

static const char *verb(AccessKind kind) {
  switch (kind) {
  case AccessKind::Load:
    return "reads";
  case AccessKind::Store:
    return "writes";
  case AccessKind::Atomic:
    break;
  }
  return "changes";
}

Addresses emulator::readAddresses(Warp &warp, const Instruction &in, unsigned base) {
  Addresses addresses;
  auto offset = uint64_t(in.immediate);
  if (in.narrowAddress) {
    const uint32_t *from = warp.lanes<uint32_t>(in.operands[base]);
    for (unsigned lane = 0; lane < kWarpSize; ++lane)
      addresses[lane] = from[lane] + offset;
  } else {
    const uint64_t *from = warp.lanes<uint64_t>(in.operands[base]);
    for (unsigned lane = 0; lane < kWarpSize; ++lane)
      addresses[lane] = from[lane] + offset;
  }
  return addresses;
}

/// Lane by lane, when not all lanes are in the allocation that the instruction used last.
void emulator::checkOverlap(Warp &warp, unsigned lane, AccessKind kind, uint64_t address,
                            const Allocation &allocation) {
  bool mayOverlap = kind == AccessKind::Load && !allocation.written->load();
  if (isActive(warp.unwaited, lane) && !mayOverlap)
    raise(FaultKind::Race, lane,
          "{} memory at {:#x} before griddepcontrol.wait: kernels before this one may be running "
          "still",
          verb(kind), address);
}

static void resolveGlobalSlowly(Warp &warp, Allocation &recent, LaneMask mask, AccessKind kind,
                                unsigned size, const Addresses &addresses, Pointers &pointers) {
  const DeviceMemory &memory = warp.block.launch.memory;
  forEachLane(mask, [&](unsigned lane) {
    uint64_t address = addresses[lane];
    if (address % size != 0)
      raise(FaultKind::Misaligned, lane, "{} {} bytes at {:#x}, which is no multiple of {}",
            verb(kind), size, address, size);
    const Allocation *found = memory.find(address, size);
    if (!found)
      raise(FaultKind::OutOfBounds, lane, "{} {} bytes at {:#x}, {}", verb(kind), size, address,
            memory.describe(address));
    if (kind != AccessKind::Load)
      found->noteWrite();
    recent = *found;
    pointers[lane] = found->host + (address - found->begin);
  });
}

static void resolveGlobal(Warp &warp, Allocation &recent, LaneMask mask, AccessKind kind,
                          unsigned size, const Addresses &addresses, Pointers &pointers) {
  if (warp.block.launch.countAccesses)
    countGlobal(warp.block.statistics, addresses, mask, size, kind != AccessKind::Load);
  uint64_t last = recent.end - recent.begin - size; // offset of the last place for an access
  uint64_t outside = last, misaligned = 0;          // `outside`: the sign bit
  auto host = reinterpret_cast<uintptr_t>(recent.host);
  for (unsigned lane = 0; lane < kWarpSize; ++lane) {
    uint64_t offset = isActive(mask, lane) ? addresses[lane] - recent.begin : 0;
    outside |= offset | (last - offset);
    misaligned |= recent.begin + offset;
    pointers[lane] = reinterpret_cast<std::byte *>(host + offset);
  }
  if (int64_t(outside) < 0 || (misaligned & (size - 1)) != 0) [[unlikely]]
    resolveGlobalSlowly(warp, recent, mask, kind, size, addresses, pointers);
  else if (kind != AccessKind::Load)
    recent.noteWrite();
  if (warp.unwaited != 0) [[unlikely]]
    forEachLane(mask, [&](unsigned lane) {
      checkOverlap(warp, lane, kind, addresses[lane],
                   *warp.block.launch.memory.find(addresses[lane], size));
    });
}

void emulator::resolveGlobalReads(Warp &warp, const Instruction &in, LaneMask mask,
                                  const Addresses &addresses,
                                  const std::array<uint8_t, kWarpSize> &bytes,
                                  std::array<const std::byte *, kWarpSize> &pointers) {
  const DeviceMemory &memory = warp.block.launch.memory;
  forEachLane(mask, [&](unsigned lane) {
    pointers[lane] = nullptr;
    if (bytes[lane] == 0)
      return;
    Allocation &recent = warp.recent[in.accessNumber];
    uint64_t address = addresses[lane];
    bool isInside =
        address >= recent.begin && address < recent.end && bytes[lane] <= recent.end - address;
    if (!isInside) {
      const Allocation *found = memory.find(address, bytes[lane]);
      if (!found)
        raise(FaultKind::OutOfBounds, lane, "reads {} bytes at {:#x}, {}", bytes[lane], address,
              memory.describe(address));
      recent = *found;
    }
    checkOverlap(warp, lane, AccessKind::Load, address, recent);
    pointers[lane] = recent.host + (address - recent.begin);
  });
}

/// Memory of a thread, or parameters of the kernel: small and never shared.
static void resolveSmall(Warp &warp, LaneMask mask, AccessKind kind, unsigned size, Space space,
                         const Addresses &addresses, Pointers &pointers) {
  const Launch &launch = warp.block.launch;
  bool isLocal = space == Space::Local;
  uint64_t limit = isLocal ? launch.program.localBytes : launch.parameters.size();
  const char *name = isLocal ? "local memory" : "the parameters";
  forEachLane(mask, [&](unsigned lane) {
    uint64_t offset = addresses[lane];
    if (offset % size != 0)
      raise(FaultKind::Misaligned, lane, "{} {} bytes at {:#x} of {}, which is no multiple of {}",
            verb(kind), size, offset, name, size);
    if (limit < size || offset > limit - size || (!isLocal && kind != AccessKind::Load))
      raise(FaultKind::OutOfBounds, lane, "{} {} bytes at {:#x} of {}, which has {}", verb(kind),
            size, offset, name, limit);
    // Parameters are only read.
    pointers[lane] = isLocal ? warp.block.localMemory(warp.index, lane) + offset
                             : const_cast<std::byte *>(launch.parameters.data()) + offset;
  });
}

static void resolveShared(Warp &warp, LaneMask mask, AccessKind kind, unsigned size,
                          ResolvedAccess &access) {
  SharedMemory &shared = warp.block.shared;
  if (kind == AccessKind::Load)
    shared.checkRead(warp.index, access.offsets, mask, size);
  else
    shared.checkBounds(access.offsets, mask, size);
  if (warp.block.launch.countAccesses)
    countShared(warp.block.statistics, access.offsets, mask, size);
  access.sharedLanes |= mask;
  forEachLane(mask,
              [&](unsigned lane) { access.pointers[lane] = shared.at(access.offsets[lane]); });
}

/// Each window's lanes by themselves.
static void resolveGeneric(Warp &warp, Allocation &recent, LaneMask mask, AccessKind kind,
                           unsigned size, const Addresses &addresses, ResolvedAccess &access) {
  LaneMask global = 0, shared = 0, local = 0, parameters = 0;
  forEachLane(mask, [&](unsigned lane) {
    LaneMask bit = LaneMask(1) << lane;
    switch (addresses[lane] & kWindowMask) {
    case kSharedWindow:
      shared |= bit;
      break;
    case kLocalWindow:
      local |= bit;
      break;
    case kParamWindow:
      parameters |= bit;
      break;
    default:
      global |= bit;
    }
  });
  if (global == mask)
    return resolveGlobal(warp, recent, mask, kind, size, addresses, access.pointers);
  for (unsigned lane = 0; lane < kWarpSize; ++lane)
    access.offsets[lane] = addresses[lane] & ~kWindowMask;
  resolveSmall(warp, local, kind, size, Space::Local, access.offsets, access.pointers);
  resolveSmall(warp, parameters, kind, size, Space::Param, access.offsets, access.pointers);
  if (shared != 0)
    resolveShared(warp, shared, kind, size, access);
  if (global == 0)
    return;
  Pointers pointers;
  resolveGlobal(warp, recent, global, kind, size, addresses, pointers);
  forEachLane(global, [&](unsigned lane) { access.pointers[lane] = pointers[lane]; });
}

void emulator::resolve(Warp &warp, const Instruction &in, LaneMask mask, AccessKind kind,
                       const Addresses &addresses, ResolvedAccess &access) {
  Allocation &recent = warp.recent[in.accessNumber];
  switch (in.space) {
  case Space::Global:
  case Space::Const:
    return resolveGlobal(warp, recent, mask, kind, in.size, addresses, access.pointers);
  case Space::Shared:
    access.offsets = addresses;
    return resolveShared(warp, mask, kind, in.size, access);
  case Space::Local:
  case Space::Param:
    return resolveSmall(warp, mask, kind, in.size, in.space, addresses, access.pointers);
  case Space::Generic:
    return resolveGeneric(warp, recent, mask, kind, in.size, addresses, access);
  }
}
