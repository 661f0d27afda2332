//===- BlockCodec.cpp -----------------------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/quantization/BlockCodec.h"
#include "runtime/formats/FloatConvert.h"
#include "runtime/quantization/MiniFloat.h"
#include <algorithm>
#include <cassert>
#include <cmath>

namespace qopt {

float ValueRange::amax() const { return std::max(std::fabs(min), std::fabs(max)); }

void ValueRange::merge(ValueRange other) {
  min = std::min(min, other.min);
  max = std::max(max, other.max);
}

ValueRange rangeOf(std::span<const float> values, size_t &firstNonFinite) {
  ValueRange range;
  bool finite = true;
  for (float value : values) {
    range.min = value < range.min ? value : range.min;
    range.max = value > range.max ? value : range.max;
    finite &= std::fabs(value) <= std::numeric_limits<float>::max();
  }
  firstNonFinite = values.size();
  if (!finite)
    firstNonFinite = size_t(std::find_if_not(values.begin(), values.end(),
                                             [](float value) { return std::isfinite(value); }) -
                            values.begin());
  return range;
}

//===----------------------------------------------------------------------===//
// Parameters
//===----------------------------------------------------------------------===//

static float storeScale(const Scheme &scheme, float scale, float tensorScale) {
  switch (scheme.scaleType) {
  case ScaleType::F32:
    return scale;
  case ScaleType::F16:
    return f16ToF32(f32ToF16(scale));
  case ScaleType::E8M0:
    // OCP MX: the shared exponent is that of the largest element less the format's largest one,
    // so the scale is the power of two of amax over the power of two of the largest code.
    return scale == 0 ? 0 : decodeE8M0(encodeE8M0(scale));
  case ScaleType::E4M3:
    return tensorScale == 0 ? 0
                            : Fp8E4M3::decode(Fp8E4M3::encode(scale / tensorScale)) * tensorScale;
  case ScaleType::F16Multiple: // of ggml's blocks only
    break;
  }
  __builtin_unreachable();
}

static BlockParameters chooseAsymmetric(const Scheme &scheme, ValueRange range) {
  // torchao's range includes zero, so that zero has a code; a float minimum needs no such thing.
  if (scheme.zeroPoint == ZeroPoint::Integer) {
    range.min = std::min(range.min, 0.0f);
    range.max = std::max(range.max, 0.0f);
  }
  float scale = (range.max - range.min) / float(scheme.divisor);
  scale = std::max(storeScale(scheme, scale, 1), float(scheme.minScale));
  if (scheme.zeroPoint == ZeroPoint::Minimum)
    return {scale, scheme.scaleType == ScaleType::F16 ? f16ToF32(f32ToF16(range.min)) : range.min,
            range.amax()};
  float zero = scale == 0 ? 0 : float(scheme.minCode) - std::nearbyint(range.min / scale);
  return {scale, std::clamp(zero, float(scheme.minCode), float(scheme.maxCode)), range.amax()};
}

BlockParameters chooseParameters(const Scheme &scheme, ValueRange range, float tensorScale) {
  assert(scheme.hasScale() && "bf16 and f16 only round");
  assert(!scheme.isGgml() && "ggml's blocks are quantized by GgmlQuantizer.h");
  if (scheme.zeroPoint != ZeroPoint::None)
    return chooseAsymmetric(scheme, range);
  float amax = std::max(range.amax(), float(scheme.minAmax));
  float divisor = float(scheme.divisor);
  if (scheme.scaleType == ScaleType::E8M0)
    divisor = std::exp2(std::floor(std::log2(divisor)));
  float scale = amax / divisor;
  if (scheme.arithmetic == Arithmetic::Multiplier)
    scale = amax == 0 ? 0 : 1 / (divisor / amax);
  // Q8_0 rounds with the f32 scale and stores it as f16 afterwards (encode divides by amax).
  scale = std::max(storeScale(scheme, scale, tensorScale), float(scheme.minScale));
  return {scale, 0, amax};
}

//===----------------------------------------------------------------------===//
// Codes
//===----------------------------------------------------------------------===//

/// Calls `store(i, scaled value)` for each value, scaled as the scheme's project does.
template <typename Store>
static void forEachScaled(const Scheme &scheme, const BlockParameters &parameters,
                          std::span<const float> values, Store store) {
  float divisor = float(scheme.divisor);
  float scale = parameters.scale;
  // ggml computes codes with the scale before it is rounded to f16.
  if (scheme.scaleType == ScaleType::F16 && scheme.zeroPoint == ZeroPoint::None)
    scale = parameters.amax / divisor;
  float offset = scheme.zeroPoint == ZeroPoint::Minimum ? parameters.zero : 0;
  size_t count = values.size();
  if (scale == 0) {
    for (size_t i = 0; i < count; ++i)
      store(i, 0.0f);
    return;
  }
  switch (scheme.arithmetic) {
  case Arithmetic::Divide:
    for (size_t i = 0; i < count; ++i)
      store(i, (values[i] - offset) / scale);
    return;
  case Arithmetic::Reciprocal: {
    float inverse = 1 / scale;
    for (size_t i = 0; i < count; ++i)
      store(i, (values[i] - offset) * inverse);
    return;
  }
  case Arithmetic::Multiplier: {
    float multiplier = scheme.zeroPoint == ZeroPoint::None ? divisor / parameters.amax : 1 / scale;
    for (size_t i = 0; i < count; ++i)
      store(i, (values[i] - offset) * multiplier);
    return;
  }
  case Arithmetic::Normalize:
    if (scheme.zeroPoint != ZeroPoint::None) {
      for (size_t i = 0; i < count; ++i)
        store(i, (values[i] - offset) / scale);
      return;
    }
    for (size_t i = 0; i < count; ++i)
      store(i, values[i] / parameters.amax * divisor);
    return;
  case Arithmetic::Ggml:
    break;
  }
  assert(false && "ggml's blocks are quantized by GgmlQuantizer.h");
}

/// Nearest integer, ties to even, of a magnitude below 2^22: the addition rounds. Vectorizes where
/// nearbyint is a call.
static float roundHalfEven(float value) {
  constexpr float magic = 0x1.8p23f;
  return (value + magic) - magic;
}

static float roundHalfAway(float value) {
  float truncated = float(int32_t(value));
  float rest = value - truncated;
  return truncated + float(rest >= 0.5f) - float(rest <= -0.5f);
}

template <float (*Round)(float)>
static void encodeIntegers(const Scheme &scheme, const BlockParameters &parameters,
                           std::span<const float> values, std::span<uint8_t> codes) {
  float low = float(scheme.minCode), high = float(scheme.maxCode);
  float zero = scheme.zeroPoint == ZeroPoint::Integer ? parameters.zero : 0;
  forEachScaled(scheme, parameters, values, [&](size_t i, float scaled) {
    // Far out of range values are clamped first: the rounding is exact for small ones only.
    float bounded = std::min(std::max(scaled, -1024.0f), 1024.0f);
    float code = std::min(std::max(Round(bounded) + zero, low), high);
    codes[i] = uint8_t(int32_t(code));
  });
}

template <typename Format>
static void encodeFloats(const Scheme &scheme, const BlockParameters &parameters,
                         std::span<const float> values, std::span<uint8_t> codes) {
  forEachScaled(scheme, parameters, values,
                [&](size_t i, float scaled) { codes[i] = Format::encode(scaled); });
}

void encode(const Scheme &scheme, const BlockParameters &parameters, std::span<const float> values,
            std::span<uint8_t> codes) {
  assert(values.size() == codes.size());
  switch (scheme.storage) {
  case Storage::Int8:
  case Storage::Int4:
    return scheme.rounding == Rounding::HalfEven
               ? encodeIntegers<roundHalfEven>(scheme, parameters, values, codes)
               : encodeIntegers<roundHalfAway>(scheme, parameters, values, codes);
  case Storage::Fp8E4M3:
    return encodeFloats<Fp8E4M3>(scheme, parameters, values, codes);
  case Storage::Fp8E5M2:
    return encodeFloats<Fp8E5M2>(scheme, parameters, values, codes);
  case Storage::Fp4E2M1:
    return encodeFloats<Fp4E2M1>(scheme, parameters, values, codes);
  case Storage::BF16:
  case Storage::F16:
    break;
  }
  assert(false && "16-bit storage has no codes: use roundTo16Bits");
}

template <typename Format>
static void decodeFloats(float scale, std::span<const uint8_t> codes, std::span<float> values) {
  for (size_t i = 0; i < codes.size(); ++i)
    values[i] = Format::decode(codes[i]) * scale;
}

static void decodeIntegers(const Scheme &scheme, const BlockParameters &parameters,
                           std::span<const uint8_t> codes, std::span<float> values) {
  bool isUnsigned = scheme.minCode >= 0;
  float zero = scheme.zeroPoint == ZeroPoint::Integer ? parameters.zero : 0;
  float offset = scheme.zeroPoint == ZeroPoint::Minimum ? parameters.zero : 0;
  for (size_t i = 0; i < codes.size(); ++i) {
    float code = isUnsigned ? float(codes[i]) : float(int8_t(codes[i]));
    values[i] = (code - zero) * parameters.scale + offset;
  }
}

void decode(const Scheme &scheme, const BlockParameters &parameters, std::span<const uint8_t> codes,
            std::span<float> values) {
  assert(values.size() == codes.size());
  switch (scheme.storage) {
  case Storage::Int8:
  case Storage::Int4:
    return decodeIntegers(scheme, parameters, codes, values);
  case Storage::Fp8E4M3:
    return decodeFloats<Fp8E4M3>(parameters.scale, codes, values);
  case Storage::Fp8E5M2:
    return decodeFloats<Fp8E5M2>(parameters.scale, codes, values);
  case Storage::Fp4E2M1:
    return decodeFloats<Fp4E2M1>(parameters.scale, codes, values);
  case Storage::BF16:
  case Storage::F16:
    break;
  }
  assert(false && "16-bit storage has no codes: use roundTo16Bits");
}

void roundTo16Bits(Storage storage, std::span<float> values) {
  if (storage == Storage::BF16)
    for (float &value : values)
      value = bf16ToF32(f32ToBf16(value));
  else
    for (float &value : values)
      value = f16ToF32(f32ToF16(value));
}

} // namespace qopt
