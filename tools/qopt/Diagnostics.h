//===- Diagnostics.h - diagnostics that name checkpoint modules -*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QOPT_DIAGNOSTICS_H
#define QOPT_TOOLS_QOPT_DIAGNOSTICS_H

namespace mlir {
class MLIRContext;
} // namespace mlir

namespace qopt {

/// Prints diagnostics about imported ops as `error: <checkpoint module>: <message>`. Those about
/// ops in text are left to the handlers that were registered before.
void registerDiagnosticPrinter(mlir::MLIRContext &context);

} // namespace qopt

#endif // QOPT_TOOLS_QOPT_DIAGNOSTICS_H
