//===- HeadSigns.h - the signs of a rotation --------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_GPU_HEADSIGNS_H
#define QOPT_LOWERING_GPU_HEADSIGNS_H

#include "lowering/gpu/PtxBuilder.h"

namespace qopt::ptx {

/// The signs of runtime/quantization/Hadamard.h for heads of `headDim` elements, a power of two, as
/// bits of constants.
class HeadSigns {
public:
  HeadSigns(PtxBuilder &b, uint32_t seed, int64_t headDim);

  /// `value` with the sign of an element of the head.
  Scalar apply(Scalar value, Scalar element) const;

private:
  PtxBuilder &b;
  llvm::SmallVector<uint32_t> words; ///< bit i of word w: element 32 w + i is negated
};

} // namespace qopt::ptx

#endif // QOPT_LOWERING_GPU_HEADSIGNS_H
