//===- SharedMemory.cpp - shared memory of a block, and who touched it ----===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/SharedMemory.h"

#include <cstring>

using namespace qopt;
using namespace qopt::emulator;

void SharedMemory::configure(uint32_t newBytes, uint32_t granule, unsigned warps) {
  bytes = newBytes;
  granuleShift = unsigned(std::countr_zero(granule));
  size_t granules = (size_t(bytes) + granule - 1) >> granuleShift;
  data.resize(bytes);
  writes.assign(granules, 0);
  reads.assign(granules, 0);
  warpStart.assign(warps, 0);
  acquired.assign(warps, 0);
  time = 0;
}

void SharedMemory::beginBlock() {
  if (time >= kMaxTime)
    configure(bytes, 1u << granuleShift, unsigned(warpStart.size()));
  ++time;
  blockStart = phaseStart = now(0);
  std::fill(warpStart.begin(), warpStart.end(), phaseStart);
  std::fill(acquired.begin(), acquired.end(), phaseStart);
}

/// What was written stays written, at time 1, before everybody's last barrier.
void SharedMemory::restartTime() {
  for (Stamp &write : writes)
    if (!(write & kInFlight))
      write = write >= blockStart ? Stamp(1) << kWhoBits : 0;
  std::fill(reads.begin(), reads.end(), 0);
  time = 2;
  blockStart = Stamp(1) << kWhoBits;
  phaseStart = now(0);
  std::fill(warpStart.begin(), warpStart.end(), phaseStart);
  std::fill(acquired.begin(), acquired.end(), phaseStart);
}

void SharedMemory::advance() {
  if (time >= kMaxTime)
    restartTime();
  ++time;
}

void SharedMemory::synchronizeBlock() {
  advance();
  phaseStart = now(0);
}

void SharedMemory::synchronizeWarp(unsigned warp) {
  advance();
  warpStart[warp] = now(0);
}

uint32_t SharedMemory::release() {
  advance();
  return now(0);
}

void SharedMemory::acquire(unsigned warp, uint32_t moment) {
  acquired[warp] = std::max(acquired[warp], std::min(moment, now(0)));
}

bool SharedMemory::isOfWarp(Stamp who, unsigned warp) const {
  return who < kManyOfWarp ? who / kWarpSize == warp : who == kManyOfWarp + warp;
}

bool SharedMemory::isBefore(Stamp stamp, unsigned warp) const {
  return stamp < orderedUntil(warp) ||
         (stamp < warpStart[warp] && isOfWarp(stamp & kWhoMask, warp));
}

std::string SharedMemory::describe(Stamp who) const {
  who &= kWhoMask;
  if (who == kMany)
    return "several threads";
  if (who == kAtomicAccess)
    return "an atomic operation";
  if (who >= kManyOfWarp)
    return fmt::format("threads of warp {}", who - kManyOfWarp);
  return fmt::format("thread {}", who);
}

void SharedMemory::raiseRace(unsigned lane, size_t granule, const char *verb, const char *otherVerb,
                             Stamp other) const {
  raise(FaultKind::Race, lane, "{} shared memory at {:#x}, which {} {} with no barrier between",
        verb, granule << granuleShift, describe(other), otherVerb);
}

void SharedMemory::checkBounds(const Addresses &offsets, LaneMask mask, unsigned size) const {
  uint64_t misaligned = 0, outside = 0, limit = uint64_t(bytes) - size;
  bool none = bytes < size;
  for (unsigned lane = 0; lane < kWarpSize; ++lane) {
    uint64_t offset = isActive(mask, lane) ? offsets[lane] : 0;
    misaligned |= offset & (size - 1);
    outside |= offset | (limit - offset); // the sign bit
  }
  if (misaligned == 0 && int64_t(outside) >= 0 && !none) [[likely]]
    return;
  forEachLane(mask, [&](unsigned lane) {
    uint64_t offset = offsets[lane];
    if (offset % size != 0)
      raise(FaultKind::Misaligned, lane,
            "accesses {} bytes at {:#x} of shared memory, which is no "
            "multiple of {}",
            size, offset, size);
    if (none || offset > limit)
      raise(FaultKind::OutOfBounds, lane,
            "accesses {} bytes at {:#x} of shared memory, of which "
            "the block has {} bytes",
            size, offset, bytes);
  });
}

void SharedMemory::faultRead(size_t granule, Stamp who, unsigned warp, unsigned lane) const {
  Stamp write = writes[granule];
  if (write & kInFlight)
    raise(FaultKind::Race, lane,
          "reads shared memory at {:#x}, where a cp.async of {} has not "
          "been waited for",
          granule << granuleShift, describe(write));
  if (write < blockStart)
    raise(FaultKind::Uninitialized, lane, "reads shared memory at {:#x}, which was never written",
          granule << granuleShift);
  if ((write & kWhoMask) != who && !isBefore(write, warp))
    raiseRace(lane, granule, "reads", "wrote", write);
}

void SharedMemory::noteRead(size_t granule, Stamp who, unsigned warp) {
  Stamp &read = reads[granule];
  Stamp reader = read & kWhoMask;
  if (reader == who || isBefore(read, warp))
    read = now(who);
  else
    read = now(isOfWarp(reader, warp) ? kManyOfWarp + warp : kMany);
}

void SharedMemory::checkRead(unsigned warp, const Addresses &offsets, LaneMask mask,
                             unsigned size) {
  checkBounds(offsets, mask, size);
  Stamp start = orderedUntil(warp), fresh = start - blockStart;
  forEachLane(mask, [&](unsigned lane) {
    Stamp who = thread(warp, lane);
    size_t end = endGranule(offsets[lane], size);
    for (size_t granule = firstGranule(offsets[lane]); granule < end; ++granule) {
      if (writes[granule] - blockStart >= fresh) [[unlikely]]
        faultRead(granule, who, warp, lane);
      if (reads[granule] < start) [[likely]]
        reads[granule] = now(who);
      else
        noteRead(granule, who, warp);
    }
  });
}

void SharedMemory::checkWarpRead(unsigned warp, uint64_t offset, unsigned lane) {
  Stamp start = orderedUntil(warp), fresh = start - blockStart;
  Stamp who = kManyOfWarp + warp;
  size_t end = endGranule(offset, 16);
  for (size_t granule = firstGranule(offset); granule < end; ++granule) {
    if (writes[granule] - blockStart >= fresh) [[unlikely]]
      faultRead(granule, who, warp, lane);
    if (reads[granule] < start) [[likely]]
      reads[granule] = now(who);
    else
      noteRead(granule, who, warp);
  }
}

bool SharedMemory::checkOverwrite(size_t granule, Stamp who, unsigned warp, unsigned lane) const {
  Stamp read = reads[granule], write = writes[granule];
  auto isOwn = [&](Stamp stamp) {
    return (stamp & kWhoMask) == who || (stamp & kWhoMask) == thread(warp, lane);
  };
  if (!isBefore(read, warp) && !isOwn(read))
    raiseRace(lane, granule, "writes", "read", read);
  if (write < orderedUntil(warp))
    return true;
  if (write & kInFlight)
    raise(FaultKind::Race, lane,
          "writes shared memory at {:#x}, where a cp.async of {} has not "
          "been waited for",
          granule << granuleShift, describe(write));
  return isOwn(write) || isBefore(write, warp);
}

void SharedMemory::write(unsigned warp, uint64_t offset, unsigned lane, const std::byte *values,
                         unsigned size) {
  Stamp who = thread(warp, lane), start = orderedUntil(warp);
  size_t end = endGranule(offset, size);
  for (size_t granule = firstGranule(offset); granule < end; ++granule) {
    bool mayBeRace = (reads[granule] >= start || writes[granule] >= start) &&
                     !checkOverwrite(granule, who, warp, lane);
    // Threads that agree on what they write do no harm.
    if (mayBeRace && memcmp(at(offset), values, size) != 0)
      raiseRace(lane, granule, "writes", "wrote otherwise", writes[granule]);
    writes[granule] = now(who);
  }
  memcpy(at(offset), values, size);
}

void SharedMemory::checkAtomic(unsigned warp, uint64_t offset, unsigned lane, unsigned size) {
  size_t end = endGranule(offset, size);
  for (size_t granule = firstGranule(offset); granule < end; ++granule) {
    if (writes[granule] < blockStart || (writes[granule] & kInFlight))
      faultRead(granule, kAtomicAccess, warp, lane);
    if (!checkOverwrite(granule, kAtomicAccess, warp, lane))
      raiseRace(lane, granule, "changes", "wrote", writes[granule]);
    writes[granule] = now(kAtomicAccess);
  }
}

void SharedMemory::beginCopy(unsigned warp, uint64_t offset, unsigned lane, unsigned size) {
  Stamp who = thread(warp, lane);
  size_t end = endGranule(offset, size);
  for (size_t granule = firstGranule(offset); granule < end; ++granule) {
    if (!checkOverwrite(granule, who, warp, lane))
      raiseRace(lane, granule, "writes", "wrote", writes[granule]);
    writes[granule] = kInFlight | who;
  }
}

void SharedMemory::endCopy(unsigned warp, uint64_t offset, unsigned lane, unsigned size) {
  size_t end = endGranule(offset, size);
  for (size_t granule = firstGranule(offset); granule < end; ++granule)
    writes[granule] = now(thread(warp, lane));
}

void SharedMemory::abandonCopy(uint64_t offset, unsigned size) {
  size_t end = endGranule(offset, size);
  for (size_t granule = firstGranule(offset); granule < end; ++granule)
    writes[granule] = 0;
}
