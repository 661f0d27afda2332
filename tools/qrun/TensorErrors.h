//===- TensorErrors.h - what quantization cost each tensor ------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_TENSORERRORS_H
#define QOPT_TOOLS_QRUN_TENSORERRORS_H

#include "runtime/artifact/Artifact.h"
#include "runtime/formats/Json.h"
#include "tools/qrun/SvgHeatMap.h"

namespace qopt {

/// A quantized tensor x^ beside the original x, as `qopt --quantization-report` measured them.
struct TensorError {
  std::string tensor;            ///< In the checkpoint.
  double meanError;              ///< mean |x - x^| / mean |x|
  double meanDifference;         ///< mean |x - x^|
  double maxError;               ///< max |x - x^|
  double relativeMaxError;       ///< max |x - x^| / max |x|
  std::optional<double> product; ///< max |y - y^| / max |y| of products with a profile's rows.
};

/// What the artifact's quantization.json has of quantized tensors; nothing if there is none. Throws
/// an Error if it is broken.
std::vector<TensorError> readTensorErrors(const Artifact &artifact);

Json toJson(const TensorError &error);

/// The errors by kind of tensor and layer; other tensors are left out. Of products, if
/// `ofProducts`.
HeatMap heatMapOf(const std::string &title, std::span<const TensorError> errors, bool ofProducts);

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_TENSORERRORS_H
