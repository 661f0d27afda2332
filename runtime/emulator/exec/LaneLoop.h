//===- LaneLoop.h - loops over the lanes of a warp --------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_EXEC_LANELOOP_H
#define QOPT_RUNTIME_EMULATOR_EXEC_LANELOOP_H

#include "runtime/emulator/program/Program.h"
#include <bit>

/// Before a loop over lanes: iterations do not depend on each other. Results may take the place of
/// operands, but each lane reads its operands first and writes its own result.
#ifdef __clang__
#define QOPT_LANE_LOOP _Pragma("clang loop vectorize(assume_safety)")
#else
#define QOPT_LANE_LOOP _Pragma("GCC ivdep")
#endif

namespace qopt::emulator {

inline bool isActive(LaneMask mask, unsigned lane) { return (mask >> lane) & 1; }
inline unsigned firstLane(LaneMask mask) { return unsigned(std::countr_zero(mask)); }

/// to[lane] = value(lane) in the lanes of `mask`; `value` is evaluated in the others, too.
template <typename T, typename Function>
inline void assignLanes(T *to, LaneMask mask, Function value) {
  if (mask == kAllLanes) {
    QOPT_LANE_LOOP
    for (unsigned lane = 0; lane < kWarpSize; ++lane)
      to[lane] = value(lane);
  } else {
    QOPT_LANE_LOOP
    for (unsigned lane = 0; lane < kWarpSize; ++lane)
      to[lane] = isActive(mask, lane) ? value(lane) : to[lane];
  }
}

/// Calls function(lane) for the lanes of `mask`, in order.
template <typename Function> inline void forEachLane(LaneMask mask, Function function) {
  for (; mask != 0; mask &= mask - 1)
    function(firstLane(mask));
}

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_EXEC_LANELOOP_H
