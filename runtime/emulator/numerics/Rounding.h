//===- Rounding.h - exact rounding to fewer bits ----------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_NUMERICS_ROUNDING_H
#define QOPT_RUNTIME_EMULATOR_NUMERICS_ROUNDING_H

#include <algorithm>
#include <bit>
#include <cstdint>

namespace qopt::emulator {

/// As PTX calls them: rn, rz, rm, rp, rna.
enum class Rounding : uint8_t { NearestEven, TowardZero, Down, Up, NearestAway };

/// The unit in the last place of a float format at `value`: 2^(e - precision + 1), where e is the
/// exponent of the value, but at least the format's smallest normal one. `value` is finite.
inline double unitInLastPlace(double value, int precision, int minExponent) {
  int exponent = int((std::bit_cast<uint64_t>(value) >> 52) & 0x7ff) - 1023;
  int unit = std::max(exponent, minExponent) - precision + 1;
  return std::bit_cast<double>(uint64_t(unit + 1023) << 52);
}

/// Rounds to `precision` significant bits, denormals of the format included; its range above is not
/// limited. Precision is at most 24, minExponent at least -126, the value at most 2^256.
inline double roundToBits(double value, int precision, int minExponent,
                          Rounding mode = Rounding::NearestEven) {
  constexpr uint64_t signBit = uint64_t(1) << 63;
  uint64_t sign = std::bit_cast<uint64_t>(value) & signBit;
  double magnitude = std::bit_cast<double>(std::bit_cast<uint64_t>(value) & ~signBit);
  // In the binade of `shift` the last place of a double is the unit: the addition rounds to it.
  double unit = unitInLastPlace(value, precision, minExponent);
  double shift = unit * 0x1.8p52;
  double rounded = (magnitude + shift) - shift;
  bool isTowardZero =
      mode == Rounding::TowardZero || mode == (sign ? Rounding::Up : Rounding::Down);
  bool isAway = mode == (sign ? Rounding::Down : Rounding::Up);
  bool isTieAway = mode == Rounding::NearestAway && magnitude - rounded == unit / 2;
  if (isTowardZero && rounded > magnitude)
    rounded -= unit;
  if ((isAway && rounded < magnitude) || isTieAway)
    rounded += unit;
  bool isFinite = magnitude < std::bit_cast<double>(uint64_t(0x7ff) << 52);
  return isFinite ? std::bit_cast<double>(std::bit_cast<uint64_t>(rounded) | sign) : value;
}

/// a * b + c, where a, b and c are 16-bit floats and the product is exact, rounded to odd: the last
/// bit is set if anything was lost, so that one more rounding, to fewer bits, is right.
inline double fusedToOdd(float a, float b, float c) {
  double product = double(a) * double(b);
  double sum = product + double(c);
  double part = sum - product;
  double lost = (product - (sum - part)) + (double(c) - part);
  uint64_t bits = std::bit_cast<uint64_t>(sum);
  bool isInexact = lost < 0 || lost > 0;    // false for infinities, whose `lost` is no number
  bool isFarther = (lost > 0) == (sum > 0); // the exact sum is farther from zero
  uint64_t odd = isFarther ? bits | 1 : (bits - 1) | 1;
  return isInexact ? std::bit_cast<double>(odd) : sum;
}

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_NUMERICS_ROUNDING_H
