//===- FloatFormat.h - the float formats narrower than f64 ------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_NUMERICS_FLOATFORMAT_H
#define QOPT_RUNTIME_EMULATOR_NUMERICS_FLOATFORMAT_H

#include "runtime/emulator/numerics/Rounding.h"
#include "runtime/emulator/ptx/Type.h"

namespace qopt::emulator {

/// A binary format with sign, exponent and fraction.
struct FloatFormat {
  int precision;   ///< significant bits, the leading one included
  int minExponent; ///< of normal numbers
  double maxFinite;
  bool hasInfinity;
  uint32_t infinity; ///< its code, or that of a NaN where there is none
  uint32_t nan;      ///< code that conversions give
  unsigned signBit;
};

/// F16, BF16, F32, TF32, E4M3 or E5M2, for pairs too.
const FloatFormat &floatFormat(Type type);

struct ConversionFlags {
  Rounding rounding = Rounding::NearestEven;
  bool saturate = false;  ///< to between 0 and 1; a NaN becomes 0
  bool satfinite = false; ///< beyond the largest number comes the largest number
  bool relu = false;      ///< negative values become 0
};

/// The code of `value` in the format. The code of a TF32 is that of an f32.
uint32_t encodeFloat(double value, const FloatFormat &format, const ConversionFlags &flags = {});

/// The value of a code.
double decodeFloat(uint32_t code, const FloatFormat &format);

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_NUMERICS_FLOATFORMAT_H
