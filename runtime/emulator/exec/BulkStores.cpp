//===- BulkStores.cpp - bulk copies from shared to global memory ----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/BulkStores.h"

#include <cstring>

using namespace qopt;
using namespace qopt::emulator;

void BulkStores::clear() {
  stores.clear();
  currentGroup.fill(0);
}

void BulkStores::add(unsigned lane, std::vector<BulkPiece> pieces) {
  stores.push_back({lane, currentGroup[lane], std::move(pieces)});
}

void BulkStores::commit(LaneMask lanes) {
  forEachLane(lanes, [&](unsigned lane) { ++currentGroup[lane]; });
}

void BulkStores::wait(LaneMask lanes, uint32_t pending, SharedMemory &shared) {
  std::erase_if(stores, [&](const Store &store) {
    uint32_t current = currentGroup[store.lane];
    bool isDone = store.group < current - std::min(current, pending);
    if (!isActive(lanes, store.lane) || !isDone)
      return false;
    for (const BulkPiece &piece : store.pieces)
      if (piece.begin != piece.end)
        memcpy(piece.global, shared.at(piece.offset + piece.begin),
               size_t(piece.end - piece.begin));
    return true;
  });
}

LaneMask BulkStores::unfinished() const {
  LaneMask lanes = 0;
  for (const Store &store : stores)
    lanes |= LaneMask(1) << store.lane;
  return lanes;
}
