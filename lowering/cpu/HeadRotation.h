//===- HeadRotation.h - rotation of a head in registers ------- -*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_HEADROTATION_H
#define QOPT_LOWERING_CPU_HEADROTATION_H

#include "lowering/cpu/KernelBody.h"

namespace qopt::cpu {

/// Rotates the `headDim` f32 at `head` in place, as runtime/quantization/Hadamard.h does; headDim
/// is a power of two from 16 on.
void emitRotation(CodeBuilder &b, mlir::Value head, int64_t headDim, uint32_t seed);
/// The inverse, of 16 heads beside each other: element i of each begins at `heads + i * stride`.
void emitRotationBackAcross(CodeBuilder &b, EmittedModule &target, mlir::Value heads,
                            int64_t headDim, int64_t stride, uint32_t seed);
/// The inverse.
void emitRotationBack(CodeBuilder &b, mlir::Value head, int64_t headDim, uint32_t seed);

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_HEADROTATION_H
