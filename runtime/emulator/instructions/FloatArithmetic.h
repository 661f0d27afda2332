//===- FloatArithmetic.h - add, mul, fma and the like on floats -*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_INSTRUCTIONS_FLOATARITHMETIC_H
#define QOPT_RUNTIME_EMULATOR_INSTRUCTIONS_FLOATARITHMETIC_H

#include "runtime/emulator/instructions/Decoding.h"
#include "runtime/emulator/numerics/Rounding.h"

namespace qopt::emulator {

// Decode the rest of an instruction whose type, a float, is taken.

void decodeFloatAdd(Decoding &d, Type type);
void decodeFloatSub(Decoding &d, Type type);
void decodeFloatMul(Decoding &d, Type type);
/// `fma`, and `mad` of floats, which is the same.
void decodeFloatFma(Decoding &d, Type type);
void decodeFloatDiv(Decoding &d, Type type);
void decodeFloatMin(Decoding &d, Type type);
void decodeFloatMax(Decoding &d, Type type);
void decodeFloatAbs(Decoding &d, Type type);
void decodeFloatNeg(Decoding &d, Type type);

/// Takes .rn, .rz, .rm or .rp.
Rounding takeRounding(Decoding &d);

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_INSTRUCTIONS_FLOATARITHMETIC_H
