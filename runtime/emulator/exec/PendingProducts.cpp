//===- PendingProducts.cpp - wgmma under way ------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/PendingProducts.h"

#include "runtime/emulator/exec/Warp.h"
#include <algorithm>

using namespace qopt;
using namespace qopt::emulator;

/// As a float, a NaN.
static constexpr uint32_t kNotYet = 0x7fffffff;

void PendingProducts::clear() {
  queue.clear();
  sums.clear();
  currentGroup = 0;
  begun = 0;
  last = nullptr;
}

void PendingProducts::add(Warp &warp, const Product &product, const Slot *results, unsigned count) {
  for (unsigned i = 0; i < count; ++i) {
    Sum &sum = sums[results[i]];
    uint32_t *registers = warp.lanes<uint32_t>(results[i]);
    if (sum.uses++ == 0)
      std::copy_n(registers, kWarpSize, sum.values.begin());
    std::fill_n(registers, kWarpSize, kNotYet);
  }
  ++begun;
  last = product.instruction;
  queue.push_back({product, currentGroup, {results, results + count}});
}

void PendingProducts::wait(Warp &warp, uint32_t pending) {
  uint32_t end = currentGroup - std::min(currentGroup, pending);
  size_t done = 0;
  for (; done < queue.size() && queue[done].group < end; ++done) {
    const Queued &product = queue[done];
    product.compute(warp, product, *this);
    for (Slot slot : product.results) {
      auto sum = sums.find(slot);
      if (--sum->second.uses != 0)
        continue;
      std::copy_n(sum->second.values.begin(), kWarpSize, warp.lanes<uint32_t>(slot));
      sums.erase(sum);
    }
  }
  queue.erase(queue.begin(), queue.begin() + ptrdiff_t(done));
}
