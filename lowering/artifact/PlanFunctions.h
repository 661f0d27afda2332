//===- PlanFunctions.h - kernel functions in plan.json ----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_ARTIFACT_PLANFUNCTIONS_H
#define QOPT_LOWERING_ARTIFACT_PLANFUNCTIONS_H

#include "dialects/kernel/Kernel.h"
#include "lowering/artifact/PlanJson.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/SetVector.h"

namespace qopt {

/// The factors of a launch's grid.
OrderedJson planGrid(kernel::LaunchAttr launch);

/// The launches of one target's functions as JSON (docs/architecture.md, plan.json).
class FunctionPlanner {
public:
  /// `caches` are the symbols of the module's caches, in the order of the plan.
  FunctionPlanner(mlir::StringRef target, llvm::ArrayRef<mlir::StringAttr> caches)
      : target(target), caches(caches) {}

  /// Emits a diagnostic if a pass before this one was left out.
  llvm::FailureOr<OrderedJson> plan(mlir::func::FuncOp function);

  /// The parameters that the functions planned so far read, in the order of first use.
  llvm::ArrayRef<mlir::StringAttr> weights() const { return usedWeights.getArrayRef(); }

private:
  llvm::FailureOr<OrderedJson> planLaunch(kernel::LaunchOpInterface op);
  llvm::FailureOr<OrderedJson> planObservation(kernel::ObserveOp op);
  llvm::FailureOr<OrderedJson> planArgument(kernel::LaunchOpInterface op,
                                            const kernel::Argument &argument);
  llvm::FailureOr<OrderedJson> planValue(kernel::LaunchOpInterface op, mlir::Value value);
  OrderedJson planWeight(kernel::LaunchOpInterface op, llm::GetOp weight);
  OrderedJson planCache(mlir::FlatSymbolRefAttr cache, const char *part) const;
  OrderedJson planWindow(mlir::FlatSymbolRefAttr cache, const char *part) const;

  mlir::StringRef target;
  llvm::ArrayRef<mlir::StringAttr> caches;
  llvm::SetVector<mlir::StringAttr> usedWeights;
};

} // namespace qopt

#endif // QOPT_LOWERING_ARTIFACT_PLANFUNCTIONS_H
