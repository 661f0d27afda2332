//===- BulkStores.h - bulk copies from shared to global memory --*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_EXEC_BULKSTORES_H
#define QOPT_RUNTIME_EMULATOR_EXEC_BULKSTORES_H

#include "runtime/emulator/exec/Mbarriers.h"

namespace qopt::emulator {

/// The bulk copies to global memory of one warp that have not been waited for. Shared memory is
/// read when a thread waits and not before: who overwrites it earlier copies the new.
class BulkStores {
public:
  void clear();
  void add(unsigned lane, std::vector<BulkPiece> pieces);
  /// Ends the current group of copies of the lanes.
  void commit(LaneMask lanes);
  /// Carries out all but the last `pending` committed groups of the lanes.
  void wait(LaneMask lanes, uint32_t pending, SharedMemory &shared);
  /// Lanes that have not waited for all that they began.
  LaneMask unfinished() const;

private:
  struct Store {
    unsigned lane;
    uint32_t group;
    std::vector<BulkPiece> pieces;
  };
  std::vector<Store> stores;
  std::array<uint32_t, kWarpSize> currentGroup = {};
};

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_EXEC_BULKSTORES_H
