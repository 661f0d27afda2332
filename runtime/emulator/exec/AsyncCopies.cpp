//===- AsyncCopies.cpp - cp.async under way -------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/AsyncCopies.h"

#include <cstring>

using namespace qopt;
using namespace qopt::emulator;

void AsyncCopies::clear() {
  pendingCopies.clear();
  currentGroup.fill(0);
}

void AsyncCopies::add(const Copy &copy) { pendingCopies.push_back({copy, currentGroup}); }

void AsyncCopies::commit(LaneMask lanes) {
  forEachLane(lanes, [&](unsigned lane) { ++currentGroup[lane]; });
}

void AsyncCopies::arrive(LaneMask lanes, const std::array<uint32_t, kWarpSize> &end,
                         SharedMemory &shared, unsigned warp) {
  std::erase_if(pendingCopies, [&](Pending &copy) {
    forEachLane(copy.lanes & lanes, [&](unsigned lane) {
      if (copy.group[lane] >= end[lane])
        return;
      std::byte *to = shared.at(copy.offsets[lane]);
      unsigned read = copy.sourceBytes[lane];
      if (read != 0)
        memcpy(to, copy.sources[lane], read);
      memset(to + read, 0, copy.size - read);
      shared.endCopy(warp, copy.offsets[lane], lane, copy.size);
      copy.lanes &= ~(LaneMask(1) << lane);
    });
    return copy.lanes == 0;
  });
}

void AsyncCopies::wait(LaneMask lanes, uint32_t pending, SharedMemory &shared, unsigned warp) {
  if (pendingCopies.empty())
    return;
  std::array<uint32_t, kWarpSize> end;
  for (unsigned lane = 0; lane < kWarpSize; ++lane)
    end[lane] = currentGroup[lane] - std::min(currentGroup[lane], pending);
  arrive(lanes, end, shared, warp);
}

void AsyncCopies::waitAll(LaneMask lanes, SharedMemory &shared, unsigned warp) {
  std::array<uint32_t, kWarpSize> end;
  end.fill(UINT32_MAX);
  arrive(lanes, end, shared, warp);
}

void AsyncCopies::abandon(LaneMask lanes, SharedMemory &shared) {
  std::erase_if(pendingCopies, [&](Pending &copy) {
    forEachLane(copy.lanes & lanes,
                [&](unsigned lane) { shared.abandonCopy(copy.offsets[lane], copy.size); });
    copy.lanes &= ~lanes;
    return copy.lanes == 0;
  });
}
