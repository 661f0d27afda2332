//===- PlanWeights.h - the weights a plan names -----------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_ARTIFACT_PLANWEIGHTS_H
#define QOPT_RUNTIME_ARTIFACT_PLANWEIGHTS_H

#include "runtime/artifact/Plan.h"
#include "runtime/artifact/PlanObject.h"
#include <unordered_map>

namespace qopt {

/// Collects Plan::weights while a plan is parsed.
class PlanWeights {
public:
  /// Reads `weights` and `random_weights` of the plan's outermost object into `plan`.
  PlanWeights(Plan &plan, const PlanObject &root);

  /// The index of the weight `name`, which some launch refers to at `where`; one that nothing
  /// described is expected in the weights file.
  size_t indexOf(const std::string &name, const PlanObject &where);

private:
  PlanWeight &add(const std::string &name);
  void readStored(const PlanObject &tensors);
  void readGenerated(const PlanObject &tensors);

  Plan &plan;
  std::unordered_map<std::string, size_t> indexByName;
};

} // namespace qopt

#endif // QOPT_RUNTIME_ARTIFACT_PLANWEIGHTS_H
