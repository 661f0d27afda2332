//===- JoinFunctions.cpp - several functions as one -----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/session/JoinFunctions.h"

using namespace qopt;

JoinedFunction::JoinedFunction(std::span<const BoundFunction *const> parts) {
  for (const BoundFunction *part : parts) {
    const PlanFunction &function = part->function();
    const size_t firstSlot = plan.slots.size();
    plan.name += (plan.name.empty() ? "" : " and ") + function.name;
    plan.slots.insert(plan.slots.end(), function.slots.begin(), function.slots.end());
    slots.insert(slots.end(), part->slots().begin(), part->slots().end());
    plan.result = function.result;
    plan.result.slot += firstSlot;
    for (PlanLaunch launch : function.launches) {
      for (PlanArgument &argument : launch.arguments)
        if (auto *slot = std::get_if<SlotArgument>(&argument))
          slot->slot += firstSlot;
      plan.launches.push_back(std::move(launch));
    }
  }
}
