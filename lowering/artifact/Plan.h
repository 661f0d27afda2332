//===- Plan.h - plan.json ---------------------------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_ARTIFACT_PLAN_H
#define QOPT_LOWERING_ARTIFACT_PLAN_H

#include "lowering/artifact/ParamExpression.h"
#include "lowering/artifact/PlanJson.h"
#include "lowering/artifact/WeightsFile.h"
#include "mlir/IR/BuiltinOps.h"

namespace qopt {

inline constexpr llvm::StringLiteral kWeightsFileName = "weights.safetensors";

/// What plan.json says of a target beside its functions and caches.
struct TargetModules {
  std::string target; ///< "cpu" or "ptx"
  OrderedJson modules = OrderedJson::array();
};

/// plan.json, and the weights that its launches read.
struct ArtifactPlan {
  OrderedJson json;
  std::vector<NamedParam> stored; ///< for weights.safetensors, in the order of use
};

/// The plan of a module whose kernel functions are configured, named and planned. Emits a
/// diagnostic if a pass before this one was left out or a parameter has no value.
llvm::FailureOr<ArtifactPlan> planArtifact(mlir::ModuleOp module, class ModuleParams &params,
                                           llvm::ArrayRef<TargetModules> targets);

} // namespace qopt

#endif // QOPT_LOWERING_ARTIFACT_PLAN_H
