//===- Conversions.h - parts of cvt -----------------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_INSTRUCTIONS_CONVERSIONS_H
#define QOPT_RUNTIME_EMULATOR_INSTRUCTIONS_CONVERSIONS_H

#include "runtime/emulator/instructions/Decoding.h"
#include "runtime/emulator/numerics/FloatFormat.h"

namespace qopt::emulator {

/// Flags in Instruction::mode.
inline uint8_t packFlags(const ConversionFlags &flags) {
  return uint8_t(uint8_t(flags.rounding) | flags.saturate << 4 | flags.satfinite << 5 |
                 flags.relu << 6);
}
inline ConversionFlags unpackFlags(uint8_t mode) {
  return {Rounding(mode & 15), bool(mode & 16), bool(mode & 32), bool(mode & 64)};
}

/// Whether a type of the instruction is a pair.
bool isPackedConversion(const Decoding &d);
void decodePackedConversion(Decoding &d);
/// `cvt.pack.sat`: integers to narrow integers, several in a register.
void decodeIntegerPacking(Decoding &d);

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_INSTRUCTIONS_CONVERSIONS_H
