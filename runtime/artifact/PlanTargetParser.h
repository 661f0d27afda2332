//===- PlanTargetParser.h - the targets of a plan ---------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_ARTIFACT_PLANTARGETPARSER_H
#define QOPT_RUNTIME_ARTIFACT_PLANTARGETPARSER_H

#include "runtime/artifact/PlanWeights.h"

namespace qopt {

enum class TargetKind : uint8_t { Cpu, Ptx };

/// Parses and checks `targets.<kind>`; `plan` has its config, rope and page size already.
PlanTarget parsePlanTarget(const PlanObject &object, TargetKind kind, const Plan &plan,
                           PlanWeights &weights);

} // namespace qopt

#endif // QOPT_RUNTIME_ARTIFACT_PLANTARGETPARSER_H
