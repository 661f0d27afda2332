//===- PtxOutput.h - a model's GPU kernels as text --------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QOPT_PTXOUTPUT_H
#define QOPT_TOOLS_QOPT_PTXOUTPUT_H

#include "mlir/Pass/Pass.h"

namespace qopt {

/// A pass that puts the PTX of the module's GPU kernels into `text`, which must outlive it. Several
/// GPU modules (as of `--default-pipeline="chips=sm_80,sm_90"`) are an error: a PTX file is for one
/// chip.
std::unique_ptr<mlir::Pass> createPrintPtx(std::string &text);

} // namespace qopt

#endif // QOPT_TOOLS_QOPT_PTXOUTPUT_H
