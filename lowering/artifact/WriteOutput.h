//===- WriteOutput.h - the frame of passes that write -----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_ARTIFACT_WRITEOUTPUT_H
#define QOPT_LOWERING_ARTIFACT_WRITEOUTPUT_H

#include "mlir/Pass/Pass.h"

namespace qopt {

/// Runs what `pass` does to write `path`. Without a path, if `write` fails, or with an Error, which
/// becomes a diagnostic, the pass fails.
mlir::LogicalResult writeOutput(mlir::Operation *module, const mlir::Pass &pass,
                                llvm::StringRef path,
                                llvm::function_ref<mlir::LogicalResult()> write);

} // namespace qopt

#endif // QOPT_LOWERING_ARTIFACT_WRITEOUTPUT_H
