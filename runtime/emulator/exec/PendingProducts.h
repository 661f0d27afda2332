//===- PendingProducts.h - wgmma under way ----------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_EXEC_PENDINGPRODUCTS_H
#define QOPT_RUNTIME_EMULATOR_EXEC_PENDINGPRODUCTS_H

#include "runtime/emulator/program/Program.h"
#include <array>
#include <map>
#include <vector>

namespace qopt::emulator {

/// The products that one warp has begun with wgmma and not waited for. They are computed when it
/// waits, from what shared memory and registers hold then. Until then the registers of results hold
/// NaNs, or a number for integers, that nobody expects: who reads them early finds no sum.
class PendingProducts {
public:
  using Register = std::array<uint32_t, kWarpSize>;

  struct Product {
    /// Adds the product to the sums, or replaces them.
    void (*compute)(Warp &warp, const Product &product, PendingProducts &products);
    const Instruction *instruction;
    uint64_t a, b; ///< descriptors of matrices; `a` only if it is in shared memory
    bool adds;
  };

  void clear();
  /// Begins a product whose results have these slots.
  void add(Warp &warp, const Product &product, const Slot *results, unsigned count);
  /// Ends the current group.
  void commit() { ++currentGroup; }
  /// Computes all but the last `pending` committed groups.
  void wait(Warp &warp, uint32_t pending);
  /// How many the warp has begun, and the last of them.
  uint64_t numBegun() const { return begun; }
  const Instruction *lastBegun() const { return last; }
  /// A result, as computed so far.
  Register &sum(Slot slot) { return sums.at(slot).values; }

private:
  struct Queued : Product {
    uint32_t group;
    std::vector<Slot> results;
  };
  struct Sum {
    Register values;
    uint32_t uses = 0; ///< products under way that have it as result
  };
  std::vector<Queued> queue;
  std::map<Slot, Sum> sums;
  uint32_t currentGroup = 0;
  uint64_t begun = 0;
  const Instruction *last = nullptr;
};

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_EXEC_PENDINGPRODUCTS_H
