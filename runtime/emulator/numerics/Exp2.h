//===- Exp2.h - powers of two, in loops that vectorize ----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_NUMERICS_EXP2_H
#define QOPT_RUNTIME_EMULATOR_NUMERICS_EXP2_H

#include <bit>
#include <cstdint>

namespace qopt::emulator {

/// 2^x, computed with a relative error below 2^-40 and rounded to f32: nearly always the float next
/// to the real number. Denormals, infinities and NaNs as usual.
inline float exp2Rounded(float x) {
  // Below -160 the result rounds to 0, above 130 to infinity. Comparisons with a NaN are false.
  double clamped = x < -160.0f ? -160.0 : (x > 130.0f ? 130.0 : double(x));
  // x = whole + rest with |rest| <= 1/2: the sum's last place is 1.
  double shifted = clamped + 0x1.8p52;
  double rest = clamped - (shifted - 0x1.8p52);
  auto whole = uint64_t(std::bit_cast<int64_t>(shifted) - std::bit_cast<int64_t>(0x1.8p52));
  // The series of e^t: the next term is below 2^-44 for |t| <= ln(2) / 2.
  double t = rest * 0x1.62e42fefa39efp-1;
  double sum = 1.0 / 39916800;
  sum = sum * t + 1.0 / 3628800;
  sum = sum * t + 1.0 / 362880;
  sum = sum * t + 1.0 / 40320;
  sum = sum * t + 1.0 / 5040;
  sum = sum * t + 1.0 / 720;
  sum = sum * t + 1.0 / 120;
  sum = sum * t + 1.0 / 24;
  sum = sum * t + 1.0 / 6;
  sum = sum * t + 0.5;
  sum = sum * t + 1;
  sum = sum * t + 1;
  double scale = std::bit_cast<double>((whole + 1023) << 52);
  return x != x ? x : float(sum * scale);
}

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_NUMERICS_EXP2_H
