//===- Llm.cpp - the llm dialect ------------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/llm/Llm.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace qopt::llm;

#include "dialects/llm/LlmDialect.cpp.inc"
#include "dialects/llm/LlmEnums.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/llm/LlmTypes.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/llm/LlmAttrs.cpp.inc"
#include "dialects/llm/LlmInterfaces.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/llm/LlmOps.cpp.inc"

Value LinearOp::getInput() { return getX(); }
OperandRange LinearOp::getWeightOperands() { return getOperands().slice(1, 1); }
Value LinearOp::getBiasOperand() { return getBias(); }
SmallVector<StringRef> LinearOp::getWeightSuffixes() { return {".weight"}; }

void LlmDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/llm/LlmTypes.cpp.inc"
      >();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/llm/LlmAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/llm/LlmOps.cpp.inc"
      >();
}
