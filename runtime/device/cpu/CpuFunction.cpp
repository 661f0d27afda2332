//===- CpuFunction.cpp - a function of the plan, ready to run -------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cpu/CpuFunction.h"

#include <algorithm>

using namespace qopt;

CpuFunction::CpuFunction(const Artifact &artifact, const PlanFunction &function,
                         const Bindings &bindings, const KernelModule &module, ThreadPool &pool,
                         std::span<void *const> scratch)
    : pool(pool), scratch(scratch), task([this](unsigned worker) { work(worker); }) {
  auto bind = [&](const PlanArgument &argument) -> uint64_t {
    if (auto *slot = std::get_if<SlotArgument>(&argument))
      return bindings.slots[slot->slot];
    if (auto *weight = std::get_if<WeightArgument>(&argument))
      return reinterpret_cast<uint64_t>(artifact.weight(weight->weight).bytes.data());
    if (auto *cache = std::get_if<CacheArgument>(&argument)) {
      const Bindings::CachePools &pools = bindings.caches[cache->cache];
      return cache->part == CachePart::Key ? pools.key : pools.value;
    }
    if (auto *input = std::get_if<StepInput>(&argument))
      return bindings.inputs[size_t(*input)];
    switch (std::get<StepScalar>(argument)) {
    case StepScalar::Rows:
      rowsArguments.push_back(arguments.size());
      return 0;
    case StepScalar::Sequences:
      sequencesArguments.push_back(arguments.size());
      return 0;
    case StepScalar::MaxPages:
      return uint64_t(bindings.maxPages);
    }
    return 0;
  };

  launches.reserve(function.launches.size());
  for (const PlanLaunch &launch : function.launches) {
    launches.push_back({&launch, module.kernel(launch.kernel), arguments.size()});
    for (const PlanArgument &argument : launch.arguments)
      arguments.push_back(bind(argument));
  }
}

void CpuFunction::setShape(const StepShape &newShape) {
  shape = newShape;
  for (size_t index : rowsArguments)
    arguments[index] = uint64_t(shape.rows);
  for (size_t index : sequencesArguments)
    arguments[index] = uint64_t(shape.sequences);
  for (Launch &launch : launches)
    launch.items = launch.plan->items(shape);
}

void CpuFunction::run(const StepShape &newShape) {
  if (newShape != shape)
    setShape(newShape);
  nextItem.store(0, std::memory_order_relaxed);
  pool.run(task);
}

void CpuFunction::work(unsigned worker) {
  const int64_t workers = pool.size();
  for (const Launch &launch : launches) {
    int64_t begin = nextItem.load(std::memory_order_relaxed);
    while (begin < launch.items) {
      // Large pieces first, for long contiguous reads; small ones last, to finish together.
      int64_t end = begin + std::max<int64_t>(1, (launch.items - begin) / (2 * workers));
      if (!nextItem.compare_exchange_weak(begin, end, std::memory_order_relaxed))
        continue;
      launch.kernel(arguments.data() + launch.firstArgument, begin, end, scratch[worker]);
      begin = nextItem.load(std::memory_order_relaxed);
    }
    // The pool itself waits for all after the last.
    if (&launch != &launches.back())
      pool.barrier([this] { nextItem.store(0, std::memory_order_relaxed); });
  }
}
