//===- PlanFunctionParser.h - the functions of a plan -----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_ARTIFACT_PLANFUNCTIONPARSER_H
#define QOPT_RUNTIME_ARTIFACT_PLANFUNCTIONPARSER_H

#include "runtime/artifact/PlanTargetParser.h"

namespace qopt {

enum class FunctionRole : uint8_t { PrefillBody, DecodeBody, PrefillHead, DecodeHead, Score };

/// Parses functions of one target: slots, result and launches, every reference checked.
class PlanFunctionParser {
public:
  PlanFunctionParser(TargetKind kind, const Plan &plan, std::span<const PlanCache> caches,
                     PlanWeights &weights)
      : kind(kind), plan(plan), caches(caches), weights(weights) {}

  PlanFunction parse(const PlanObject &object, FunctionRole role);

private:
  PlanLaunch readLaunch(const PlanObject &object, const PlanFunction &function, FunctionRole role);
  PlanLaunch readObservation(const PlanObject &object, const PlanFunction &function,
                             FunctionRole role);
  PlanArgument readArgument(const PlanObject &object, const PlanFunction &function,
                            FunctionRole role);
  StepInput readInput(const PlanObject &object, FunctionRole role) const;
  WeightArgument readWeight(const PlanObject &object);
  WeightForm readForm(const PlanObject &object) const;

  TargetKind kind;
  const Plan &plan;
  std::span<const PlanCache> caches;
  PlanWeights &weights;
};

} // namespace qopt

#endif // QOPT_RUNTIME_ARTIFACT_PLANFUNCTIONPARSER_H
