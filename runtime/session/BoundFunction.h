//===- BoundFunction.h - a function with memory of its own ------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_SESSION_BOUNDFUNCTION_H
#define QOPT_RUNTIME_SESSION_BOUNDFUNCTION_H

#include "runtime/device/Device.h"

namespace qopt {

/// A function of the plan with an arena for its slots.
class BoundFunction {
public:
  /// `bindings` has all but the slots. `maxRows` counts where the plan leaves the rows open. With a
  /// `result`, the function's result goes there and not into its arena.
  BoundFunction(Device &device, const PlanFunction &plan, Bindings bindings, int64_t maxRows,
                const DeviceBuffer *result = nullptr);

  /// Whether it can run this many rows.
  bool accepts(int64_t rows) const { return !plan.rows || *plan.rows == rows; }
  void run(const StepShape &shape) { bound->run(shape); }

  /// A row of the result in the arena, which is f32.
  std::span<const float> resultRow(int64_t row) const;
  float resultElement(int64_t row, int64_t column) const;
  /// Where its rows lie.
  uint64_t resultAddress() const { return slotAddresses[plan.result.slot]; }
  /// Copies of the first `rows` rows of the result in the arena to the host.
  std::unique_ptr<Readback> makeReadback(int64_t rows) const;

  const PlanFunction &function() const { return plan; }
  /// Where its slots lie.
  std::span<const uint64_t> slots() const { return slotAddresses; }

private:
  std::span<const float> resultPart(int64_t row, int64_t column, int64_t count) const;

  Device &device;
  const PlanFunction &plan;
  std::unique_ptr<DeviceBuffer> arena;
  uint64_t resultOffset = 0; ///< In the arena.
  std::vector<uint64_t> slotAddresses;
  std::unique_ptr<DeviceFunction> bound;
};

} // namespace qopt

#endif // QOPT_RUNTIME_SESSION_BOUNDFUNCTION_H
