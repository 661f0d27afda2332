//===- WeightCodes.h - quantized weights as kernels read them ---*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_GPU_WEIGHTCODES_H
#define QOPT_LOWERING_GPU_WEIGHTCODES_H

#include "lowering/gpu/KernelFunction.h"

namespace qopt::ptx {

/// The first `count` codes of a word under a scheme, lowest first, exactly.
llvm::SmallVector<Scalar> decodeCodes(PtxBuilder &b, q::SchemeAttr scheme, Scalar word,
                                      int64_t count);

/// A matrix of codes: rows of bytes, or of two codes a byte, low half first, padded to 32 codes;
/// and its f32 scales and zeros `[rows, groups]`, without padding. Groups are multiples of 16
/// bytes of codes.
class WeightCodes {
public:
  /// What a code of a group stands for: `scale * code + offset`; without offset where symmetric.
  struct Parameters {
    Scalar scale, offset;
  };

  /// `parameters`: scales and, where the scheme has them, zeros.
  WeightCodes(KernelFunction &function, mlir::Value codes, mlir::ValueRange parameters,
              q::SchemeAttr scheme, int64_t depth);

  /// Bits of a code: 8 or 4.
  static int64_t bitsOf(q::SchemeAttr scheme);
  int64_t bits() const { return bitsOf(scheme); }
  int64_t rowBytes() const { return roundUp(depth, kernel::kRowAlignment) * bits() / 8; }
  /// Where code `k` of row `row` is; of the lower one, if two share a byte.
  mlir::Value at(Scalar row, Scalar k);
  bool hasOffset() const { return scheme.getZero() != q::ZeroPoint::None; }
  /// Codes of a row that share their parameters.
  int64_t groupDepth() const { return depth / groups; }
  Parameters loadParameters(Scalar row, Scalar k);

  llvm::SmallVector<Scalar> decode(Scalar word, int64_t count) {
    return decodeCodes(b, scheme, word, count);
  }

private:
  PtxBuilder &b;
  q::SchemeAttr scheme;
  int64_t depth, groups;
  mlir::Value codes;
  llvm::SmallVector<mlir::Value, 2> parameters;
};

} // namespace qopt::ptx

#endif // QOPT_LOWERING_GPU_WEIGHTCODES_H
