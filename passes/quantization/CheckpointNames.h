//===- CheckpointNames.h - parameters by their tensor's name ----*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_PASSES_QUANTIZATION_CHECKPOINTNAMES_H
#define QOPT_PASSES_QUANTIZATION_CHECKPOINTNAMES_H

#include "dialects/llm/Llm.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"

namespace qopt {

/// Parameters by the tensor of the checkpoint that they come from. `@load` may have changed it on
/// the way, as long as it stayed one tensor: transposed, cast, scaled, quantized, packed.
class CheckpointNames {
public:
  explicit CheckpointNames(mlir::ModuleOp module);

  /// The checkpoint name, or the parameter's own where it has none (random weights, stacked ones).
  std::string lookup(llvm::StringRef param) const;

private:
  llvm::StringMap<std::string> names;
};

} // namespace qopt

#endif // QOPT_PASSES_QUANTIZATION_CHECKPOINTNAMES_H
