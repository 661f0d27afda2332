//===- IntegerArithmetic.h - add, mul, mad and the like on integers -*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_INSTRUCTIONS_INTEGERARITHMETIC_H
#define QOPT_RUNTIME_EMULATOR_INSTRUCTIONS_INTEGERARITHMETIC_H

#include "runtime/emulator/instructions/Decoding.h"

namespace qopt::emulator {

// Decode the rest of an instruction whose type, no float, is taken.

void decodeIntegerAdd(Decoding &d, Type type);
void decodeIntegerSub(Decoding &d, Type type);
void decodeIntegerMul(Decoding &d, Type type);
void decodeIntegerMad(Decoding &d, Type type);
void decodeIntegerDiv(Decoding &d, Type type);
void decodeIntegerMin(Decoding &d, Type type);
void decodeIntegerMax(Decoding &d, Type type);
void decodeIntegerAbs(Decoding &d, Type type);
void decodeIntegerNeg(Decoding &d, Type type);

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_INSTRUCTIONS_INTEGERARITHMETIC_H
