//===- StaticReport.h - what can be said of PTX without a GPU ---*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_STATICREPORT_H
#define QOPT_TOOLS_QRUN_STATICREPORT_H

#include "runtime/emulator/analysis/PtxasReport.h"
#include "runtime/emulator/analysis/WeightLoop.h"
#include "runtime/emulator/exec/Statistics.h"
#include "runtime/formats/Json.h"
#include <optional>
#include <vector>

namespace qopt {

/// A kernel that computes with weights: totals of a launch, a matrix's elements apart.
struct WeightTraffic {
  double loadedPerElement = 0; ///< bytes that threads load from global memory, of anything
  double storedPerElement = 0; ///< bytes
};

struct StaticKernel {
  std::string name;
  std::string location; ///< of the first launch
  int64_t rows = 0;     ///< that are counted
  uint32_t sharedBytes = 0;
  std::optional<emulator::KernelResources> resources; ///< on the module's own chip
  std::vector<std::optional<double>> occupancy;       ///< on each of StaticModule::chips
  /// Of the first block; nothing if it does not run on zeros, for the reason `whyNotCounted`.
  std::optional<emulator::Statistics> counted;
  std::string whyNotCounted;
  std::optional<WeightTraffic> traffic;
  std::optional<emulator::WeightLoop> loop;
};

struct StaticModule {
  std::string file, chip;
  std::vector<std::string> chips; ///< that occupancy is told for
  bool hasPtxas = false;
  std::vector<StaticKernel> kernels;
};

std::string toText(const StaticModule &module);
Json toJson(const StaticModule &module);

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_STATICREPORT_H
