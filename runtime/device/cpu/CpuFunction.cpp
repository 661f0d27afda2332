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
    : pool(pool), scratch(scratch), observer(bindings.observer) {
  if (function.launches.size() > ThreadPool::maxStages)
    fail("{}: a function of {} launches is longer than the {} that can run", artifact.directory(),
         function.launches.size(), ThreadPool::maxStages);
  auto addressOf = [&](const WeightArgument &weight) {
    return reinterpret_cast<uint64_t>(artifact.weight(weight.weight).bytes.data());
  };
  for (const PlanLaunch &launch : function.launches)
    launches.push_back({&launch, launch.observation ? nullptr : module.kernel(launch.kernel),
                        arguments.append(launch, bindings, addressOf)});
}

void CpuFunction::setShape(const StepShape &newShape) {
  shape = newShape;
  arguments.setShape(shape);
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
  if (!launch.kernel)
    return observe(launch);
  const int64_t *boundary = boundaries.data() + launch.firstBoundary + piece;
  launch.kernel(arguments.at(launch.firstArgument), boundary[0], boundary[1], scratch[worker]);
}

void CpuFunction::observe(const Launch &launch) {
  if (observer)
    observer->observe(*launch.plan->observation,
                      reinterpret_cast<const float *>(*arguments.at(launch.firstArgument)),
                      shape.rows);
}
