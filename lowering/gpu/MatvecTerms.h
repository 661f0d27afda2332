//===- MatvecTerms.h - what a lane multiplies at once -----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_GPU_MATVECTERMS_H
#define QOPT_LOWERING_GPU_MATVECTERMS_H

#include "lowering/gpu/KernelConfig.h"
#include "lowering/gpu/WeightCodes.h"
#include <memory>

namespace qopt::ptx {

/// The terms of a product with few rows of x: 16 bytes of a weight row, and what they meet of x.
/// Loads and arithmetic are apart, so that many loads are under way at once.
class MatvecTerms {
public:
  virtual ~MatvecTerms() = default;

  /// 16 bytes of a row, and what belongs to them.
  struct Weights {
    llvm::SmallVector<Scalar> words;
    WeightCodes::Parameters parameters; ///< of codes that are scaled here
  };
  /// Of a row of x: words, numbers, and where terms need them the sum and the scale of its codes.
  struct Inputs {
    llvm::SmallVector<Scalar> words;
    Scalar sum, scale;
  };

  /// A sum of no terms.
  virtual Scalar zero() = 0;
  /// Where element `k` of weight row `row` is.
  virtual mlir::Value weightsAt(Scalar row, Scalar k) = 0;
  /// 16 bytes of weight row `row`, from element `k` on.
  virtual llvm::SmallVector<Scalar> loadWeights(Scalar row, Scalar k) = 0;
  virtual WeightCodes::Parameters loadParameters(Scalar row, Scalar k) = 0;
  /// The elements of row `row` of x that meet them; zeros beyond the depth.
  virtual Inputs loadInputs(Scalar row, Scalar k) = 0;
  /// Adds the products to two sums: two shorter chains of additions.
  virtual void multiply(const Weights &weights, const Inputs &inputs, Scalar &even,
                        Scalar &odd) = 0;
  /// The f32 that the sum of row `row` of x and row `weightRow` of the weight stands for.
  virtual Scalar finish(Scalar sum, Scalar row, Scalar weightRow) { return sum; }
};

/// x in bf16, with weights in bf16 or in codes (MatvecValues.cpp).
std::unique_ptr<MatvecTerms> createValueTerms(kernel::MatmulOp op, KernelFunction &function);
/// Both in codes (MatvecCodes.cpp).
std::unique_ptr<MatvecTerms> createCodeTerms(kernel::MatmulOp op, KernelFunction &function);

} // namespace qopt::ptx

#endif // QOPT_LOWERING_GPU_MATVECTERMS_H
