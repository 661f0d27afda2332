//===- Parameters.h - reading and computing a model's parameters -*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_PASSES_PARAMETERS_H
#define QOPT_PASSES_PARAMETERS_H

#include "dialects/llm/Llm.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/SymbolTable.h"

namespace qopt {

/// The parameters of a model: who reads them, and how `@load` computes them. Passes replace a
/// parameter by a new one that is computed from it; prune-params removes what is left over.
class Parameters {
public:
  explicit Parameters(mlir::ModuleOp module);

  llm::ParamOp lookup(mlir::FlatSymbolRefAttr name) const;

  /// The reads of a parameter outside `@load`, in order.
  llvm::ArrayRef<llm::GetOp> readsOf(llm::ParamOp param) const;

  /// Builds, at the end of `@load`, which is created if need be.
  mlir::OpBuilder &loadBuilder();

  /// The value of a parameter at the end of `@load`: what computes it, or else a read of it.
  mlir::Value valueInLoad(llm::ParamOp param);

  /// A new parameter behind `neighbour` that holds f32 numbers. Where `name` is taken, it gets one
  /// that begins with it.
  llm::ParamOp defineNumbers(llvm::StringRef name, llvm::ArrayRef<float> numbers,
                             llm::ParamOp neighbour);

  /// A new parameter behind `neighbour` that `@load` sets to `value`. Where `name` is taken, the
  /// parameter gets one that begins with it.
  llm::ParamOp define(llvm::StringRef name, mlir::Value value, llm::ParamOp neighbour);

private:
  mlir::ModuleOp module;
  mlir::SymbolTable symbols;
  mlir::func::FuncOp load;
  mlir::OpBuilder builder;
  llvm::DenseMap<mlir::Operation *, llvm::SmallVector<llm::GetOp>> reads;
  llvm::DenseMap<mlir::Operation *, mlir::Value> values; ///< in `@load`
};

} // namespace qopt

#endif // QOPT_PASSES_PARAMETERS_H
