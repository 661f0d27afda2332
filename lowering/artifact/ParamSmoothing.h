//===- ParamSmoothing.h - smoothed parameters, read in parts ----*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_ARTIFACT_PARAMSMOOTHING_H
#define QOPT_LOWERING_ARTIFACT_PARAMSMOOTHING_H

#include "lowering/artifact/ParamExpression.h"
#include "runtime/quantization/Smoothing.h"

namespace qopt {

/// max |W[:, j]| of each column j of a matrix.
std::vector<float> columnMaxima(const ParamExpression &matrix);

/// The result of llm.smoothing.
ParamExpressionPtr makeSmoothing(ParamExpressionPtr activation,
                                 std::vector<ParamExpressionPtr> weights, SmoothingVariant variant,
                                 double alpha, HeadGroups groups);

/// What llm.scale does to its value.
struct Scaling {
  bool columns = false;
  bool inverse = false;
  int64_t offset = 0;
  HeadGroups groups = {};
};
ParamExpressionPtr makeScaled(ParamExpressionPtr value, ParamExpressionPtr scales,
                              const Scaling &scaling);

} // namespace qopt

#endif // QOPT_LOWERING_ARTIFACT_PARAMSMOOTHING_H
