//===- ModuleParams.h - a module's parameters as expressions ----*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_ARTIFACT_MODULEPARAMS_H
#define QOPT_LOWERING_ARTIFACT_MODULEPARAMS_H

#include "dialects/llm/Llm.h"
#include "dialects/q/Q.h"
#include "lowering/artifact/ParamExpression.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"

namespace qopt {

/// The element type of `type` in a file, if it has one.
std::optional<DType> dtypeOf(mlir::Type type);

/// The parameters of a module and what `@load` computes of them, on the mapped checkpoint.
class ModuleParams {
public:
  explicit ModuleParams(mlir::ModuleOp module);

  /// Visits `@load`. Emits a diagnostic if an op has no meaning there, a file is missing or broken,
  /// or a tensor is not as the IR says.
  llvm::LogicalResult load();

  /// The value of a parameter, or null after a diagnostic.
  ParamExpressionPtr get(llvm::StringRef name);

  /// The GGUF type of a parameter that has been read from such a file: "Q4_K".
  std::string storedTypeName(llm::SourceAttr source);

  /// What an op of `@load` computes; null for values of other functions.
  ParamExpressionPtr value(mlir::Value value) const { return values.lookup(value); }

private:
  ParamExpressionPtr makeLeaf(llm::ParamOp param);
  ParamExpressionPtr makeStored(llm::ParamOp param, llm::SourceAttr source);
  ParamExpressionPtr makeGguf(llm::ParamOp param, llm::SourceAttr source);
  ParamExpressionPtr evaluate(mlir::Operation *op);
  /// The op with several results.
  void evaluate(q::QuantizeOp op);

  mlir::ModuleOp module;
  mlir::SymbolTable symbols;
  std::optional<CheckpointFiles> files; ///< Once one is needed.
  llvm::StringMap<ParamExpressionPtr> params;
  llvm::DenseMap<mlir::Value, ParamExpressionPtr> values;
};

} // namespace qopt

#endif // QOPT_LOWERING_ARTIFACT_MODULEPARAMS_H
