//===- Arithmetic.cpp - opcodes of integers and floats alike --------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/instructions/Decoders.h"
#include "runtime/emulator/instructions/FloatArithmetic.h"
#include "runtime/emulator/instructions/IntegerArithmetic.h"

using namespace qopt;
using namespace qopt::emulator;

/// One opcode for both worlds.
template <void (*DecodeInteger)(Decoding &, Type), void (*DecodeFloat)(Decoding &, Type)>
static void decodeEither(Decoding &d) {
  Type type = d.takeType();
  isFloat(type) ? DecodeFloat(d, type) : DecodeInteger(d, type);
}

static void decodeFma(Decoding &d) {
  Type type = d.takeType();
  if (!isFloat(type))
    d.badType(type);
  decodeFloatFma(d, type);
}

void emulator::addArithmetic(DecoderTable &table) {
  table["add"] = decodeEither<decodeIntegerAdd, decodeFloatAdd>;
  table["sub"] = decodeEither<decodeIntegerSub, decodeFloatSub>;
  table["mul"] = decodeEither<decodeIntegerMul, decodeFloatMul>;
  table["mad"] = decodeEither<decodeIntegerMad, decodeFloatFma>;
  table["fma"] = decodeFma;
  table["div"] = decodeEither<decodeIntegerDiv, decodeFloatDiv>;
  table["min"] = decodeEither<decodeIntegerMin, decodeFloatMin>;
  table["max"] = decodeEither<decodeIntegerMax, decodeFloatMax>;
  table["abs"] = decodeEither<decodeIntegerAbs, decodeFloatAbs>;
  table["neg"] = decodeEither<decodeIntegerNeg, decodeFloatNeg>;
}
