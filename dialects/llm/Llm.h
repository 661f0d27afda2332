//===- Llm.h - the llm dialect ----------------------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECTS_LLM_LLM_H
#define QOPT_DIALECTS_LLM_LLM_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace qopt::llm {
/// On a module: what tells models apart (passes/quantization/ModelHash.h), where one is calibrated.
inline constexpr llvm::StringLiteral kModelHashAttr = "llm.model_hash";
} // namespace qopt::llm

#include "dialects/llm/LlmDialect.h.inc"
#include "dialects/llm/LlmEnums.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/llm/LlmTypes.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/llm/LlmAttrs.h.inc"
#include "dialects/llm/LlmInterfaces.h.inc"
#define GET_OP_CLASSES
#include "dialects/llm/LlmOps.h.inc"

#endif // QOPT_DIALECTS_LLM_LLM_H
