//===- ParamGgufLayout.h - parameters as GGUF files store them --*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_ARTIFACT_PARAMGGUFLAYOUT_H
#define QOPT_LOWERING_ARTIFACT_PARAMGGUFLAYOUT_H

#include "lowering/artifact/ParamExpression.h"

namespace qopt {

/// The rows of each of `heads` heads in the order of a GGUF file (runtime/formats/GgufNames.h).
ParamExpressionPtr makeInterleaved(ParamExpressionPtr operand, int64_t heads);

} // namespace qopt

#endif // QOPT_LOWERING_ARTIFACT_PARAMGGUFLAYOUT_H
