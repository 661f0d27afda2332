//===- SmoothingPlaces.h - where activations can be made smoother *- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_PASSES_QUANTIZATION_SMOOTHINGPLACES_H
#define QOPT_PASSES_QUANTIZATION_SMOOTHINGPLACES_H

#include "dialects/llm/Llm.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "runtime/quantization/Smoothing.h"

namespace qopt {

/// Linears that read one input, and the op whose parameters decide the size of its channels:
/// columns of the linears' weights can be multiplied by what the rows of those parameters are
/// divided by.
struct SmoothingPlace {
  enum class Kind : uint8_t {
    Norm, ///< a norm before q, k, v or gate, up: its weight, and the bias of a layer norm
    AttentionOutput, ///< the linear that computes v, before o: attention mixes rows, not channels
    GatedMlp         ///< up, before down: `act(gate) * up` is linear in up
  };
  Kind kind;
  llvm::SmallVector<llm::LinearOp> linears;
  mlir::Operation *producer; ///< the norm or linear
  int64_t offset = 0;        ///< where v begins in the rows of a linear that computes more
  HeadGroups groups;         ///< query heads that read one v

  /// The parameters to divide: the producer's weight and, where there is one, its bias.
  llvm::SmallVector<mlir::Value> producerParameters() const;
};

/// The places of a function, in order. Norms of heads feed no linear and are none.
llvm::SmallVector<SmoothingPlace> findSmoothingPlaces(mlir::func::FuncOp function);

} // namespace qopt

#endif // QOPT_PASSES_QUANTIZATION_SMOOTHINGPLACES_H
