//===- Passes.h - compression of the KV cache -------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_PASSES_CACHE_PASSES_H
#define QOPT_PASSES_CACHE_PASSES_H

#include "dialects/llm/Llm.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace qopt {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/cache/Passes.h.inc"

} // namespace qopt

#endif // QOPT_PASSES_CACHE_PASSES_H
