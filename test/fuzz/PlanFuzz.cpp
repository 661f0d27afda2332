//===- PlanFuzz.cpp - any bytes as a plan ---------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/artifact/Plan.h"
#include "runtime/formats/Error.h"

using namespace qopt;

/// Sizes that a session would compute from a function stay within 64 bits.
static void checkFunction(const Plan &plan, const PlanTarget &target,
                          const PlanFunction &function) {
  int64_t rows = function.rows.value_or(maxStepRows);
  int64_t rowBytes = function.result.stride * int64_t(byteSize(function.result.type));
  if (function.slots.at(function.result.slot).size(rows) < rows * rowBytes)
    __builtin_trap();
  for (const PlanSlot &slot : function.slots)
    if (slot.size(maxStepRows) < 0)
      __builtin_trap();
  for (const PlanLaunch &launch : function.launches) {
    if (launch.items({maxStepRows, maxStepRows}) < 1)
      __builtin_trap();
    for (const PlanArgument &argument : launch.arguments) {
      if (auto *slot = std::get_if<SlotArgument>(&argument))
        function.slots.at(slot->slot);
      else if (auto *weight = std::get_if<WeightArgument>(&argument))
        plan.weights.at(weight->weight);
      else if (auto *cache = std::get_if<CacheArgument>(&argument))
        target.caches.at(cache->cache);
    }
  }
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  try {
    Plan plan = parsePlan({reinterpret_cast<const char *>(data), size}, "plan.json");
    for (const std::optional<PlanTarget> &target : {plan.cpu, plan.ptx})
      if (target)
        for (const PlanFunction *function :
             {&target->prefill, &target->decode, &target->prefillHead, &target->decodeHead})
          checkFunction(plan, *target, *function);
  } catch (const Error &error) {
    if (std::string_view(error.what()).find('\n') != std::string_view::npos)
      __builtin_trap();
  }
  return 0;
}
