//===- SasExponential.h - an exponential in two parts -----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_GPU_SASEXPONENTIAL_H
#define QOPT_LOWERING_GPU_SASEXPONENTIAL_H

#include "dialects/llm/Llm.h"
#include "lowering/gpu/PtxBuilder.h"

namespace qopt::ptx {

/// e^-x for x from 0 on, as llm.sas has it; NaN for NaN.
Scalar sasExponential(PtxBuilder &b, llm::SasAttr sas, Scalar x);

} // namespace qopt::ptx

#endif // QOPT_LOWERING_GPU_SASEXPONENTIAL_H
