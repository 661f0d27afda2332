//===- SasExponential.h - an exponential in two parts ----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_SASEXPONENTIAL_H
#define QOPT_LOWERING_CPU_SASEXPONENTIAL_H

#include "dialects/llm/Llm.h"
#include "lowering/cpu/KernelBody.h"

namespace qopt::cpu {

/// e^-x for x from 0 on, as llm.sas has it; NaN for NaN.
mlir::Value buildSasExponential(CodeBuilder &b, EmittedModule &target, llm::SasAttr sas,
                                mlir::Value x);

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_SASEXPONENTIAL_H
