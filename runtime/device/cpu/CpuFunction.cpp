//===- CpuFunction.cpp - a function of the plan, ready to run -------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cpu/CpuFunction.h"

#include "runtime/formats/Error.h"
#include <algorithm>

using namespace qopt;

CpuFunction::CpuFunction(const Artifact &artifact, const PlanFunction &function,
                         const Bindings &bindings, const KernelModule &module, ThreadPool &pool,
                         std::span<void *const> scratch)
    : pool(pool), scratch(scratch) {
  if (function.launches.size() > ThreadPool::maxStages)
    fail("{}: a function of {} launches is longer than the {} that can run", artifact.directory(),
         function.launches.size(), ThreadPool::maxStages);
  launches.reserve(function.launches.size());
  for (const PlanLaunch &launch : function.launches) {
    launches.push_back({&launch, module.kernel(launch.kernel), arguments.size()});
    for (const PlanArgument &argument : launch.arguments)
      bind(argument, artifact, bindings);
  }
}

/// Appends to `arguments`.
void CpuFunction::bind(const PlanArgument &argument, const Artifact &artifact,
                       const Bindings &bindings) {
  uint64_t value = 0;
  if (auto *slot = std::get_if<SlotArgument>(&argument)) {
    value = bindings.slots[slot->slot];
  } else if (auto *weight = std::get_if<WeightArgument>(&argument)) {
    value = reinterpret_cast<uint64_t>(artifact.weight(weight->weight).bytes.data());
  } else if (auto *cache = std::get_if<CacheArgument>(&argument)) {
    const Bindings::CachePools &pools = bindings.caches[cache->cache];
    value = cache->part == CachePart::Key ? pools.key : pools.value;
  } else if (auto *input = std::get_if<StepInput>(&argument)) {
    value = bindings.inputs[size_t(*input)];
  } else if (auto *scalar = std::get_if<StepScalar>(&argument)) {
    if (*scalar == StepScalar::MaxPages)
      value = uint64_t(bindings.maxPages);
    else
      (*scalar == StepScalar::Rows ? rowsArguments : sequencesArguments)
          .push_back(arguments.size());
  }
  arguments.push_back(value);
}

void CpuFunction::setShape(const StepShape &newShape) {
  shape = newShape;
  for (size_t index : rowsArguments)
    arguments[index] = uint64_t(shape.rows);
  for (size_t index : sequencesArguments)
    arguments[index] = uint64_t(shape.sequences);
  boundaries.clear();
  for (Launch &launch : launches)
    cutIntoPieces(launch);
}

/// Large pieces first, for long contiguous reads; small ones last, to finish together.
void CpuFunction::cutIntoPieces(Launch &launch) {
  const int64_t items = launch.plan->items(shape);
  const int64_t least = items / (ThreadPool::maxPieces / 2) + 1;
  launch.firstBoundary = boundaries.size();
  for (int64_t begin = 0; begin < items;) {
    boundaries.push_back(begin);
    int64_t share = (items - begin) / (2 * int64_t(pool.size()));
    begin += std::min(std::max(share, least), items - begin);
  }
  launch.pieces = uint32_t(boundaries.size() - launch.firstBoundary);
  boundaries.push_back(items);
}

void CpuFunction::run(const StepShape &newShape) {
  if (newShape != shape)
    setShape(newShape);
  pool.run(*this);
}

void CpuFunction::runPiece(uint32_t stage, uint32_t piece, unsigned worker) {
  const Launch &launch = launches[stage];
  const int64_t *boundary = boundaries.data() + launch.firstBoundary + piece;
  launch.kernel(arguments.data() + launch.firstArgument, boundary[0], boundary[1], scratch[worker]);
}
