//===- FloatConvert.cpp - bulk conversion of f16 and bf16 -----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/FloatConvert.h"

#include <cassert>
#include <cstring>

using namespace qopt;

template <float (*Widen)(uint16_t)>
static void widen(const std::byte *source, std::span<float> destination) {
  for (size_t i = 0; i < destination.size(); ++i) {
    uint16_t bits;
    memcpy(&bits, source + 2 * i, 2);
    destination[i] = Widen(bits);
  }
}

template <uint16_t (*Narrow)(float)>
static void narrow(std::span<const float> source, std::byte *destination) {
  for (size_t i = 0; i < source.size(); ++i) {
    uint16_t bits = Narrow(source[i]);
    memcpy(destination + 2 * i, &bits, 2);
  }
}

void qopt::convertToF32(DType sourceType, std::span<const std::byte> source,
                        std::span<float> destination) {
  assert(source.size() == destination.size() * byteSize(sourceType));
  switch (sourceType) {
  case DType::F32:
    if (!source.empty())
      memcpy(destination.data(), source.data(), source.size());
    return;
  case DType::F16:
    return widen<f16ToF32>(source.data(), destination);
  case DType::BF16:
    return widen<bf16ToF32>(source.data(), destination);
  default:
    assert(false && "no floating-point type that weights come in");
  }
}

void qopt::convertFromF32(std::span<const float> source, DType destinationType,
                          std::span<std::byte> destination) {
  assert(destination.size() == source.size() * byteSize(destinationType));
  switch (destinationType) {
  case DType::F32:
    if (!source.empty())
      memcpy(destination.data(), source.data(), destination.size());
    return;
  case DType::F16:
    return narrow<f32ToF16>(source, destination.data());
  case DType::BF16:
    return narrow<f32ToBf16>(source, destination.data());
  default:
    assert(false && "no floating-point type that weights come in");
  }
}
