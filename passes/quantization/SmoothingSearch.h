//===- SmoothingSearch.h - alpha by the error of outputs --------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_PASSES_QUANTIZATION_SMOOTHINGSEARCH_H
#define QOPT_PASSES_QUANTIZATION_SMOOTHINGSEARCH_H

#include "lowering/artifact/ParamExpression.h"
#include "mlir/IR/MLIRContext.h"
#include "runtime/quantization/Smoothing.h"

namespace qopt {

/// What a search looks at: linears of one input and rows of that input.
struct SmoothingProblem {
  llvm::SmallVector<ParamExpressionPtr> weights; ///< [N_i, K]
  std::vector<float> activation;                 ///< the variant's statistic of each channel
  std::vector<float> rows;                       ///< [S, K], as sampled
  HeadGroups groups;
};

/// An alpha and the error of the linears' outputs with it.
struct SmoothingTrial {
  double alpha;
  double error; ///< sum (y - y_ref)^2 / sum y_ref^2
};

/// Tries alpha = 0, 0.05, ..., 1: smoothed weights quantized to int8 by row, smoothed rows to int8
/// by token (both symmetric, amax / 127), against the products of the originals.
std::vector<SmoothingTrial> trySmoothing(const SmoothingProblem &problem, SmoothingVariant variant,
                                         mlir::MLIRContext &context);

/// The trial with the least error; of equal ones the first.
const SmoothingTrial &bestTrial(const std::vector<SmoothingTrial> &trials);

} // namespace qopt

#endif // QOPT_PASSES_QUANTIZATION_SMOOTHINGSEARCH_H
