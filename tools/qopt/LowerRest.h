//===- LowerRest.h - what is left to do before an output is written -*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QOPT_LOWERREST_H
#define QOPT_TOOLS_QOPT_LOWERREST_H

#include "mlir/Pass/Pass.h"

namespace qopt {

/// A pass that takes a module through the default pipeline with the given options ("targets=ptx").
/// Where kernels have been emitted already, it leaves the module as it is: then the command line
/// has chosen targets and chips.
std::unique_ptr<mlir::Pass> createLowerRest(llvm::StringRef options);

} // namespace qopt

#endif // QOPT_TOOLS_QOPT_LOWERREST_H
