//===- FloatConvert.h - f32 to and from f16 and bf16 ------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_FORMATS_FLOATCONVERT_H
#define QOPT_RUNTIME_FORMATS_FLOATCONVERT_H

#include "runtime/formats/DType.h"
#include <bit>
#include <span>

namespace qopt {

// Scalar conversions. Widening is exact; narrowing rounds to nearest, ties to even, overflows to
// infinity, keeps denormals, and turns a NaN into a quiet NaN with the same sign and the upper bits
// of its payload. Without branches, so that loops over them vectorize.

inline float bf16ToF32(uint16_t bits) { return std::bit_cast<float>(uint32_t(bits) << 16); }

inline uint16_t f32ToBf16(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  uint32_t quietNan = (bits >> 16) | 0x40;
  return uint16_t((bits & 0x7fffffff) > 0x7f800000 ? quietNan : rounded);
}

inline float f16ToF32(uint16_t bits) {
  uint32_t sign = uint32_t(bits & 0x8000) << 16;
  uint32_t magnitude = uint32_t(bits & 0x7fff) << 13;
  uint32_t exponent = magnitude & 0x0f800000;
  uint32_t normal = magnitude + ((127 - 15) << 23);
  uint32_t infOrNan = magnitude | 0x7f800000;
  // A denormal has an implicit 0 and not an implicit 1: give it the 1, then subtract it.
  float denormal = std::bit_cast<float>(magnitude + (113 << 23)) - 0x1p-14f;
  uint32_t result = exponent == 0x0f800000 ? infOrNan : normal;
  result = exponent == 0 ? std::bit_cast<uint32_t>(denormal) : result;
  return std::bit_cast<float>(result | sign);
}

inline uint16_t f32ToF16(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  uint32_t sign = (bits >> 16) & 0x8000;
  uint32_t magnitude = bits & 0x7fffffff;
  // Rounding may carry into the exponent: up to the next power of two, or to infinity.
  uint32_t normal = (magnitude - ((127 - 15) << 23) + 0xfff + ((magnitude >> 13) & 1)) >> 13;
  // The last place of 0.5f is 2^-24, the smallest denormal: the addition rounds to it.
  uint32_t denormal = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + 0.5f) -
                      std::bit_cast<uint32_t>(0.5f);
  uint32_t quietNan = 0x7e00 | ((magnitude >> 13) & 0x3ff);
  uint32_t result = magnitude < 0x38800000 ? denormal : normal; // 2^-14
  result = magnitude >= 0x47800000 ? 0x7c00 : result;           // 2^16
  result = magnitude > 0x7f800000 ? quietNan : result;
  return uint16_t(result | sign);
}

// Bulk conversions, of elements that need not be aligned (tensors in foreign files are not).

/// Widens F32, F16 or BF16 elements; `source` holds `destination.size()` of them. Any other type
/// is a bug of the caller.
void convertToF32(DType sourceType, std::span<const std::byte> source,
                  std::span<float> destination);

/// Narrows to F32, F16 or BF16 elements; `destination` holds `source.size()` of them.
void convertFromF32(std::span<const float> source, DType destinationType,
                    std::span<std::byte> destination);

} // namespace qopt

#endif // QOPT_RUNTIME_FORMATS_FLOATCONVERT_H
