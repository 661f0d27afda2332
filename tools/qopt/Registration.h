//===- Registration.h - what qopt knows -------------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QOPT_REGISTRATION_H
#define QOPT_TOOLS_QOPT_REGISTRATION_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace qopt {

/// The dialects of every level, from llm down to LLVM, with their translations to LLVM IR.
void registerDialects(mlir::DialectRegistry &registry);

/// Our passes and pipelines, and the upstream passes that are useful between them.
void registerPasses();

} // namespace qopt

#endif // QOPT_TOOLS_QOPT_REGISTRATION_H
