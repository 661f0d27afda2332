//===- BoundFunction.cpp - a function with memory of its own --------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/session/BoundFunction.h"

#include "runtime/formats/Error.h"

using namespace qopt;

static constexpr uint64_t slotAlignment = 64;

BoundFunction::BoundFunction(Device &device, const PlanFunction &plan, Bindings bindings,
                             int64_t maxRows, const DeviceBuffer *result)
    : device(device), plan(plan) {
  int64_t rows = plan.rows.value_or(maxRows);
  std::vector<uint64_t> offsets;
  uint64_t total = 0;
  for (const PlanSlot &slot : plan.slots) {
    offsets.push_back(total);
    uint64_t size = (uint64_t(slot.size(rows)) + slotAlignment - 1) / slotAlignment * slotAlignment;
    if (__builtin_add_overflow(total, size, &total))
      fail("{} slots of a function of {} rows are beyond the address space", plan.slots.size(),
           rows);
  }
  arena = device.allocate(total, "activations (try a smaller --chunk)");
  for (uint64_t offset : offsets)
    bindings.slots.push_back(arena->address() + offset);
  resultOffset = offsets[plan.result.slot];
  if (result)
    bindings.slots[plan.result.slot] = result->address();
  slotAddresses = bindings.slots;
  bound = device.bind(plan, bindings);
}

std::unique_ptr<Readback> BoundFunction::makeReadback(int64_t rows) const {
  return device.makeReadback(*arena, resultOffset,
                             uint64_t(rows * plan.result.stride) * sizeof(float));
}

std::span<const float> BoundFunction::resultPart(int64_t row, int64_t column, int64_t count) const {
  uint64_t offset = resultOffset + uint64_t(row * plan.result.stride + column) * sizeof(float);
  std::span<const std::byte> bytes = device.view(*arena, offset, uint64_t(count) * sizeof(float));
  return {reinterpret_cast<const float *>(bytes.data()), size_t(count)};
}

std::span<const float> BoundFunction::resultRow(int64_t row) const {
  return resultPart(row, 0, plan.result.columns);
}

float BoundFunction::resultElement(int64_t row, int64_t column) const {
  return resultPart(row, column, 1).front();
}
