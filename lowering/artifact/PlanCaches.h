//===- PlanCaches.h - caches in plan.json -----------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_ARTIFACT_PLANCACHES_H
#define QOPT_LOWERING_ARTIFACT_PLANCACHES_H

#include "lowering/artifact/PlanJson.h"
#include "mlir/IR/BuiltinOps.h"

namespace qopt {

/// The pools of the module's caches as a target lays them out (docs/architecture.md, kernel ABIs).
OrderedJson planCaches(mlir::ModuleOp module, mlir::StringRef target);

/// "cache keys int8, values int4 asymmetric (layers 1 to 3)", for recipes; empty where all is
/// native.
std::string describeCaches(mlir::ModuleOp module);

} // namespace qopt

#endif // QOPT_LOWERING_ARTIFACT_PLANCACHES_H
