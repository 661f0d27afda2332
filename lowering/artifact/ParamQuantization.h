//===- ParamQuantization.h - quantized parameters, read in parts *- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_ARTIFACT_PARAMQUANTIZATION_H
#define QOPT_LOWERING_ARTIFACT_PARAMQUANTIZATION_H

#include "lowering/artifact/ParamExpression.h"
#include "runtime/quantization/Scheme.h"

namespace qopt {

/// The results of q.quantize. Codes take a byte each, also those of 4 bits. `name` is for messages:
/// reading a value that is not finite throws an Error with its index. Schemes that only round have
/// neither scales nor zeros.
struct QuantizedParams {
  ParamExpressionPtr codes, scales, zeros;
};
QuantizedParams makeQuantized(ParamExpressionPtr values, const Scheme &scheme, std::string name);

/// The result of q.compact: codes, a byte each, as 6 bits, or f32 scales as multiples of an f16
/// that `groups` of them share, which the scales of a ggml K type are; others are an Error that
/// names the parameter.
ParamExpressionPtr makeSixBits(ParamExpressionPtr codes);
ParamExpressionPtr makeMultiples(ParamExpressionPtr scales, int64_t groups, std::string name);

/// The result of q.dequantize.
ParamExpressionPtr makeDequantized(QuantizedParams quantized, const Scheme &scheme, DType dtype);

} // namespace qopt

#endif // QOPT_LOWERING_ARTIFACT_PARAMQUANTIZATION_H
