//===- GroupRun.h - a group of launches on one device -----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_CHECK_GROUPRUN_H
#define QOPT_RUNTIME_CHECK_GROUPRUN_H

#include "runtime/check/CacheLayout.h"
#include "runtime/check/CheckStep.h"
#include "runtime/check/LaunchGroup.h"
#include "runtime/device/Device.h"
#include "runtime/session/RopeTable.h"
#include "runtime/session/StepInputs.h"

namespace qopt {

/// Memory for a group of launches on one device, as floats to the outside. Slots are filled with
/// NaNs, so that what a kernel does not write shows. Caches hold what looks like tokens of others.
class GroupRun {
public:
  /// With `other`, on the same device, the caches are its caches.
  GroupRun(const Plan &plan, Device &device, const LaunchGroup &group, const CheckStep &step,
           const GroupRun *other = nullptr);

  void run() { function->run(step.shape); }
  /// Until the runs so far are done.
  void wait() const { device.view(*hidden, 0, 1); }

  /// Rows of a slot, `columns` elements each, without padding. Codes are the numbers that they are,
  /// without their scales.
  void write(const SlotArgument &slot, std::span<const float> rows);
  std::vector<float> read(const SlotArgument &slot) const;

  /// Rows of the hidden states that a head reads, of the plan's hidden size.
  void writeHidden(std::span<const float> rows);
  /// Rows of the logits that a score reads, and its targets.
  void writeLogits(std::span<const float> rows, std::span<const int32_t> targets);
  /// The ids that a score left for the next step.
  std::vector<int32_t> readNextIds() const;

  /// All tokens of all sequences in a cache, those of the step included: `[tokens][kv_heads]
  /// [head_dim]`, one sequence after the other.
  void writeCache(size_t cache, CachePart part, std::span<const float> elements);
  std::vector<float> readCache(size_t cache, CachePart part) const;

private:
  struct Pools {
    std::shared_ptr<DeviceBuffer> key, value, keyWindow, valueWindow;
  };
  DeviceBuffer &pool(size_t cache, CachePart part) const {
    return part == CachePart::Key ? *pools[cache].key : *pools[cache].value;
  }
  template <typename Function>
  void forEachCacheElement(const CacheLayout &layout, const PlanCache &cache,
                           Function function) const;

  Device &device;
  const CheckStep &step;
  int64_t pageTokens;
  StepInputs inputs;
  RopeTable ropeTable;
  std::vector<std::unique_ptr<DeviceBuffer>> slots;
  std::vector<Pools> pools; ///< Of the caches that the group uses.
  std::unique_ptr<DeviceBuffer> hidden;
  std::unique_ptr<DeviceBuffer> logits, nextIds; ///< Where the group reads logits.
  std::unique_ptr<DeviceFunction> function;
};

} // namespace qopt

#endif // QOPT_RUNTIME_CHECK_GROUPRUN_H
