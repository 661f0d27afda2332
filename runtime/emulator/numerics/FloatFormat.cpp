//===- FloatFormat.cpp - the float formats narrower than f64 --------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/numerics/FloatFormat.h"

#include <cassert>
#include <cmath>

using namespace qopt;
using namespace qopt::emulator;

static constexpr FloatFormat kF32 = {24, -126, 0x1.fffffep127, true, 0x7f800000, 0x7fffffff, 31};
static constexpr FloatFormat kTf32 = {11, -126, 0x1.ffcp127, true, 0x7f800000, 0x7fffffff, 31};
static constexpr FloatFormat kBf16 = {8, -126, 0x1.fep127, true, 0x7f80, 0x7fff, 15};
static constexpr FloatFormat kF16 = {11, -14, 65504, true, 0x7c00, 0x7fff, 15};
static constexpr FloatFormat kE5m2 = {3, -14, 57344, true, 0x7c, 0x7f, 7};
static constexpr FloatFormat kE4m3 = {4, -6, 448, false, 0x7f, 0x7f, 7};

const FloatFormat &emulator::floatFormat(Type type) {
  switch (type) {
  case Type::F16:
  case Type::F16x2:
    return kF16;
  case Type::BF16:
  case Type::BF16x2:
    return kBf16;
  case Type::F32:
    return kF32;
  case Type::TF32:
    return kTf32;
  case Type::E4M3:
  case Type::E4M3x2:
    return kE4m3;
  default:
    assert((type == Type::E5M2 || type == Type::E5M2x2) && "not a narrow float");
    return kE5m2;
  }
}

/// Bits of the fraction in a code: a TF32 lies in the upper bits of an f32.
static int fractionBits(const FloatFormat &format) {
  return format.signBit == 31 ? 23 : format.precision - 1;
}

/// Whether a value beyond the range becomes the largest number, not infinity.
static bool stopsAtMax(Rounding rounding, bool negative) {
  return rounding == Rounding::TowardZero || rounding == (negative ? Rounding::Up : Rounding::Down);
}

/// The code of a value that the format has.
static uint32_t encodeExact(double magnitude, const FloatFormat &format) {
  if (magnitude == 0)
    return 0; // which has no exponent
  int fraction = fractionBits(format), exponent;
  std::frexp(magnitude, &exponent);
  exponent = std::max(exponent - 1, format.minExponent);
  // Denormals have no leading one and the exponent field 0.
  auto steps = uint32_t(std::ldexp(magnitude, fraction - exponent));
  uint32_t field = uint32_t(exponent - format.minExponent);
  return steps + (field << fraction);
}

uint32_t emulator::encodeFloat(double value, const FloatFormat &format,
                               const ConversionFlags &flags) {
  if (std::isnan(value))
    return flags.saturate ? 0 : format.nan;
  if (flags.saturate)
    value = value > 0 ? std::min(value, 1.0) : 0.0;
  if (flags.relu && !(value > 0))
    value = 0;
  bool negative = std::signbit(value);
  uint32_t sign = uint32_t(negative) << format.signBit;
  // Whatever is larger is beyond all formats, and rounds like this.
  double magnitude = std::min(std::fabs(value), 0x1p200);
  double signedMagnitude = negative ? -magnitude : magnitude;
  double rounded =
      std::fabs(roundToBits(signedMagnitude, format.precision, format.minExponent, flags.rounding));
  if (rounded <= format.maxFinite)
    return sign | encodeExact(rounded, format);
  bool isInfinite = std::isinf(value);
  bool toMax = flags.satfinite || (!isInfinite && stopsAtMax(flags.rounding, negative));
  return sign | (toMax ? encodeExact(format.maxFinite, format) : format.infinity);
}

double emulator::decodeFloat(uint32_t code, const FloatFormat &format) {
  int fraction = fractionBits(format);
  bool negative = (code >> format.signBit) & 1;
  uint32_t magnitude = code & ((1u << format.signBit) - 1);
  double value;
  if (format.hasInfinity ? magnitude > format.infinity : magnitude == format.nan)
    value = NAN;
  else if (format.hasInfinity && magnitude == format.infinity)
    value = INFINITY;
  else {
    int field = int(magnitude >> fraction);
    uint32_t steps = magnitude & ((1u << fraction) - 1);
    if (field != 0)
      steps |= 1u << fraction;
    value = std::ldexp(steps, std::max(field, 1) - 1 + format.minExponent - fraction);
  }
  return negative ? -value : value;
}
