//===- QuantizationErrors.h - what quantization costs a tensor --*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_PASSES_QUANTIZATION_QUANTIZATIONERRORS_H
#define QOPT_PASSES_QUANTIZATION_QUANTIZATIONERRORS_H

#include "lowering/artifact/ParamExpression.h"
#include "mlir/IR/MLIRContext.h"

namespace qopt {

/// x^ against x, over all elements of a tensor.
struct QuantizationErrors {
  double relative = 0;        ///< mean |x - x^| / mean |x|; 0 for zeros that stay zeros
  double mean = 0;            ///< mean |x - x^|
  double maximum = 0;         ///< max |x - x^|
  double relativeMaximum = 0; ///< max |x - x^| / max |x|
  double sqnr = 0; ///< 10 log10(sum x^2 / sum (x - x^)^2) in dB; infinite where nothing is lost
  /// Of products with sampled rows: max |y - y_ref| / max |y_ref|, as in the INT8/FP8 study.
  std::optional<double> product;
};

/// Compares two tensors of one shape, a few rows at a time on all threads. `rows`, where not empty,
/// are rows [S, columns] to multiply by both. Throws Error.
QuantizationErrors measureErrors(const ParamExpression &original, const ParamExpression &quantized,
                                 llvm::ArrayRef<float> rows, mlir::MLIRContext &context);

} // namespace qopt

#endif // QOPT_PASSES_QUANTIZATION_QUANTIZATIONERRORS_H
