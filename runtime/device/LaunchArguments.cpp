//===- LaunchArguments.cpp - arguments of launches as words ---------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/LaunchArguments.h"

using namespace qopt;

size_t LaunchArguments::append(const PlanLaunch &launch, const Bindings &bindings,
                               const WeightAddress &weightAddress) {
  size_t first = words.size();
  for (const PlanArgument &argument : launch.arguments)
    words.push_back(resolve(argument, bindings, weightAddress));
  return first;
}

uint64_t LaunchArguments::resolve(const PlanArgument &argument, const Bindings &bindings,
                                  const WeightAddress &weightAddress) {
  if (auto *slot = std::get_if<SlotArgument>(&argument))
    return bindings.slots[slot->slot];
  if (auto *weight = std::get_if<WeightArgument>(&argument))
    return weightAddress(*weight);
  if (auto *cache = std::get_if<CacheArgument>(&argument)) {
    const Bindings::CachePools &pools = bindings.caches[cache->cache];
    if (cache->isWindow)
      return cache->part == CachePart::Key ? pools.keyWindow : pools.valueWindow;
    return cache->part == CachePart::Key ? pools.key : pools.value;
  }
  if (auto *input = std::get_if<StepInput>(&argument))
    return bindings.inputs[size_t(*input)];
  switch (std::get<StepScalar>(argument)) {
  case StepScalar::Rows:
    rowsIndices.push_back(words.size());
    return 0;
  case StepScalar::Sequences:
    sequencesIndices.push_back(words.size());
    return 0;
  case StepScalar::MaxPages:
    break;
  }
  return uint64_t(bindings.maxPages);
}

void LaunchArguments::setShape(const StepShape &shape) {
  for (size_t index : rowsIndices)
    words[index] = uint64_t(shape.rows);
  for (size_t index : sequencesIndices)
    words[index] = uint64_t(shape.sequences);
}
