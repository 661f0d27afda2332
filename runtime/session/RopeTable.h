//===- RopeTable.h - cosines and sines of positions -------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_SESSION_ROPETABLE_H
#define QOPT_RUNTIME_SESSION_ROPETABLE_H

#include "runtime/device/Device.h"

namespace qopt {

/// f32 `[context, head_dim/2, 2]`: the cosine and sine of `position * inverse_frequency`, computed
/// in double, for as many positions as were needed so far. Empty without rope.
class RopeTable {
public:
  RopeTable(const Plan &plan, Device &device, int64_t context);

  /// Fills the rows of positions below `positions`, which is at most the context.
  void require(int64_t positions);

  /// 0 without rope.
  uint64_t address() const { return buffer ? buffer->address() : 0; }

private:
  Device &device;
  const std::vector<double> &inverseFrequencies;
  int64_t context;
  int64_t filled = 0;
  std::unique_ptr<DeviceBuffer> buffer;
};

} // namespace qopt

#endif // QOPT_RUNTIME_SESSION_ROPETABLE_H
