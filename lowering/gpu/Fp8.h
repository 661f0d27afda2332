//===- Fp8.h - floats of 8 bits in registers --------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// e4m3 and e5m2 without the conversions that sm_89 was the first to have.
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_GPU_FP8_H
#define QOPT_LOWERING_GPU_FP8_H

#include "dialects/q/Q.h"
#include "lowering/gpu/PtxBuilder.h"

namespace qopt::ptx {

/// What PTX calls the type: "e4m3" or "e5m2".
llvm::StringRef fp8Name(q::Storage storage);

/// The code of an f32, an i32 below 256: to nearest, ties to even, saturated; a NaN becomes the
/// largest number.
Scalar encodeFp8(PtxBuilder &b, q::Storage storage, Scalar value);

/// The four codes of a word as two words of two f16 each, divided by `2^fp8HalfExponent` and so
/// exactly.
std::pair<Scalar, Scalar> fp8AsHalves(PtxBuilder &b, q::Storage storage, Scalar word);
int fp8HalfExponent(q::Storage storage);

} // namespace qopt::ptx

#endif // QOPT_LOWERING_GPU_FP8_H
