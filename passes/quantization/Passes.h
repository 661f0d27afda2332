//===- Passes.h - quantization as passes ------------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_PASSES_QUANTIZATION_PASSES_H
#define QOPT_PASSES_QUANTIZATION_PASSES_H

#include "dialects/llm/Llm.h"
#include "dialects/q/Q.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace qopt {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/quantization/Passes.h.inc"

} // namespace qopt

#endif // QOPT_PASSES_QUANTIZATION_PASSES_H
