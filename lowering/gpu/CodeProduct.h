//===- CodeProduct.h - products of codes with codes -------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_GPU_CODEPRODUCT_H
#define QOPT_LOWERING_GPU_CODEPRODUCT_H

#include "lowering/gpu/KernelConfig.h"
#include "lowering/gpu/WeightCodes.h"

namespace qopt::ptx {

/// The codes and scales of a product of codes with codes, and what its sums stand for. Integer
/// codes of the weight become signed bytes (`operand`), of which `weightParameters` know.
class CodeProduct {
public:
  CodeProduct(kernel::MatmulOp op, KernelFunction &function);

  const CodeBlocks &getBlocks() const { return blocks; }
  int64_t getDepth() const { return depth; }
  q::SchemeAttr getXScheme() const { return xScheme; }
  q::SchemeAttr getWeightScheme() const { return weightScheme; }
  /// Where codes of a row begin, 16 bytes of which are loaded at once.
  mlir::Value xAt(Scalar row, Scalar k);
  WeightCodes &getWeight() { return weight; }
  Access xAccess() const { return x.access; }

  /// A sum of no products: i32 of integers that are scaled at the end, otherwise f32.
  Scalar zero();
  /// What the bytes of a word of 8-bit codes of the weight are multiplied as: signed ones.
  Scalar signedBytes(Scalar word);
  /// The codes of a word of 4 bits as signed bytes: the even ones and the odd ones.
  std::pair<Scalar, Scalar> signedHalves(Scalar word);
  /// Whether signed 4-bit codes are the upper halves of their bytes, and count sixteen times.
  bool isShifted() const { return weight.bits() == 4 && !isUnsigned(); }
  /// Whether parameters of the weight have an offset.
  bool hasOffset() const { return weight.hasOffset() || isRaised(); }
  /// Of the block that code `k` of a row of the weight lies in, for sums of signed bytes.
  WeightCodes::Parameters weightParameters(Scalar row, Scalar k);
  /// Of the group that code `k` of a row of x lies in.
  Scalar xScale(Scalar row, Scalar k);
  /// The f32 that a finished sum stands for. `exponent` is that of a power of two which the codes
  /// had been divided by.
  Scalar finish(Scalar sum, Scalar row, Scalar weightRow, int exponent = 0);

private:
  bool isUnsigned() const { return weightScheme.getRange()[0] >= 0; }
  /// Whether codes are 128 less as signed bytes.
  bool isRaised() const { return blocks.isInteger && weight.bits() == 8 && isUnsigned(); }
  Scalar wholeXScale(Scalar row);

  PtxBuilder &b;
  q::SchemeAttr xScheme, weightScheme;
  CodeBlocks blocks;
  int64_t depth;
  WeightCodes weight;
  Matrix x, xScales;
  bool isScaleGiven; ///< x has one scale for all its rows
};

} // namespace qopt::ptx

#endif // QOPT_LOWERING_GPU_CODEPRODUCT_H
