//===- MiniFloat.h - fp8, fp4 and power-of-two codes ------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_QUANTIZATION_MINIFLOAT_H
#define QOPT_RUNTIME_QUANTIZATION_MINIFLOAT_H

#include <bit>
#include <cstdint>

namespace qopt {

/// A float format of at most 8 bits without infinities in use: sign, exponent, `MantissaBits`.
/// Encoding rounds to nearest, ties to even, and saturates at the largest finite value, as
/// `cvt.rn.satfinite` does; a NaN becomes `NanCode`. Branch-free, so that loops vectorize.
template <unsigned TotalBits, unsigned MantissaBits, int Bias, uint8_t MaxCode, uint8_t NanCode>
struct MiniFloat {
  static constexpr uint8_t kSignBit = 1u << (TotalBits - 1);
  static constexpr uint8_t kMaxCode = MaxCode;
  static constexpr unsigned kShift = 23 - MantissaBits;

  static uint8_t encode(float value) {
    uint32_t bits = std::bit_cast<uint32_t>(value);
    uint8_t sign = (bits >> 31) ? kSignBit : 0;
    uint32_t magnitude = bits & 0x7fffffff;
    // Rounding may carry into the exponent, which is the right result.
    uint32_t normal = (magnitude - (uint32_t(127 - Bias) << 23) + (1u << (kShift - 1)) - 1 +
                       ((magnitude >> kShift) & 1)) >>
                      kShift;
    // In the binade of this number the last place is the format's smallest denormal, so the
    // addition rounds to it.
    constexpr uint32_t magic = uint32_t(127 + 1 - Bias - int(MantissaBits) + 23) << 23;
    uint32_t denormal =
        std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + std::bit_cast<float>(magic)) -
        magic;
    constexpr uint32_t smallestNormal = uint32_t(127 + 1 - Bias) << 23;
    uint32_t code = magnitude < smallestNormal ? denormal : normal;
    code = code > MaxCode || magnitude >= 0x7f800000 ? MaxCode : code;
    return magnitude > 0x7f800000 ? uint8_t(NanCode | sign) : uint8_t(code | sign);
  }

  /// Exact. The NaN code decodes to the finite value that its bits spell; encode never makes one of
  /// a number.
  static float decode(uint8_t code) {
    uint32_t magnitude = uint32_t(code & (kSignBit - 1)) << kShift;
    float value =
        std::bit_cast<float>(magnitude) * std::bit_cast<float>(uint32_t(127 + 127 - Bias) << 23);
    return code & kSignBit ? -value : value;
  }
};

/// OFP8 E4M3 ("FN": no infinities), largest value 448; Micikevicius et al. 2022.
using Fp8E4M3 = MiniFloat<8, 3, 7, 0x7e, 0x7f>;
/// OFP8 E5M2, largest value 57344.
using Fp8E5M2 = MiniFloat<8, 2, 15, 0x7b, 0x7e>;
/// OCP MX E2M1: 0, 0.5, 1, 1.5, 2, 3, 4, 6 and their negatives; no NaN.
using Fp4E2M1 = MiniFloat<4, 1, 1, 0x7, 0x7>;

/// OCP MX E8M0: `2^(code - 127)`. Encodes the power of two at or below a positive value, saturated.
inline uint8_t encodeE8M0(float value) {
  return uint8_t((std::bit_cast<uint32_t>(value) >> 23) & 0xff);
}
inline float decodeE8M0(uint8_t code) {
  return std::bit_cast<float>(code == 0 ? 0x00400000u : uint32_t(code) << 23);
}

} // namespace qopt

#endif // QOPT_RUNTIME_QUANTIZATION_MINIFLOAT_H
