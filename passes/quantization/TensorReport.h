//===- TensorReport.h - what became of a model's tensors --------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_PASSES_QUANTIZATION_TENSORREPORT_H
#define QOPT_PASSES_QUANTIZATION_TENSORREPORT_H

#include "mlir/IR/BuiltinOps.h"
#include "passes/quantization/QuantizationErrors.h"
#include "runtime/calibration/Profile.h"

namespace qopt {

/// A parameter that the model reads.
struct TensorReport {
  std::string name; ///< in the checkpoint
  std::vector<int64_t> shape;
  std::string scheme;  ///< in words; empty if it was left alone
  bool isFake = false; ///< stored dequantized
  double bits = 0;     ///< of a stored element, with its share of scales and zeros
  std::string reason;  ///< why it was left alone
  std::string note;    ///< "tied: embedding and head"
  std::string inputs;  ///< the scheme of the activations that it is multiplied by
  std::optional<QuantizationErrors> errors; ///< of quantized tensors
};

/// Reports on a module whose quantization is folded (fold-quantization), in the order of
/// parameters. With a profile, errors of matrix products are those with its sampled rows. Emits a
/// diagnostic or throws Error.
llvm::FailureOr<std::vector<TensorReport>> reportTensors(mlir::ModuleOp module,
                                                         const Profile *profile);

/// A table with a line for each tensor, and a summary.
std::string toTable(const std::vector<TensorReport> &tensors);
/// A JSON object: `tensors`, and the mean `bits_per_weight`.
std::string toJsonText(const std::vector<TensorReport> &tensors);

} // namespace qopt

#endif // QOPT_PASSES_QUANTIZATION_TENSORREPORT_H
