//===- Plan.cpp - sizes computed from a plan ------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/artifact/Plan.h"

using namespace qopt;

static int64_t ceilDiv(int64_t value, int64_t divisor) { return (value + divisor - 1) / divisor; }

int64_t GridFactor::evaluate(const StepShape &shape) const {
  switch (symbol) {
  case Symbol::None:
    return value;
  case Symbol::Rows:
    return ceilDiv(shape.rows, value);
  case Symbol::Sequences:
    return ceilDiv(shape.sequences, value);
  }
  return 0;
}

PlanKernelLaunch PlanModule::launchOf(const PlanLaunch &launch) const {
  auto own = launches.find(launch.kernel);
  return own != launches.end() ? own->second
                               : PlanKernelLaunch{launch.grid, launch.block, launch.shared, {}};
}

int64_t PlanLaunch::items(const StepShape &shape) const {
  int64_t product = 1;
  for (const GridFactor &factor : grid)
    product *= factor.evaluate(shape);
  return product;
}

std::vector<const PlanFunction *> PlanTarget::functions() const {
  std::vector<const PlanFunction *> all = {&prefill, &decode, &prefillHead, &decodeHead};
  if (score)
    all.push_back(&*score);
  return all;
}
