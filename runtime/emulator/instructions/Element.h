//===- Element.h - how values of a type lie in registers --------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_INSTRUCTIONS_ELEMENT_H
#define QOPT_RUNTIME_EMULATOR_INSTRUCTIONS_ELEMENT_H

#include "runtime/emulator/numerics/Rounding.h"
#include "runtime/emulator/ptx/Type.h"
#include "runtime/formats/FloatConvert.h"
#include <bit>
#include <type_traits>

namespace qopt::emulator {

/// 16-bit floats; arithmetic on them is done on values of wider types and rounded once.
struct F16 {};
struct BF16 {};
/// Two elements in 32 or 64 bits, the first in the lower half.
template <typename T> struct Packed {};

/// What a lane of a register stores for a T (`Storage`), the type that operations on T compute with
/// (`Value`), and the way between. Values narrower than their storage have zeros above.
template <typename T> struct Element {
  static_assert(std::is_integral_v<T>);
  using Storage = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;
  using Value = T;
  static T get(Storage bits) { return T(bits); }
  static Storage put(T value) { return Storage(std::make_unsigned_t<T>(value)); }
};

template <> struct Element<float> {
  using Storage = uint32_t;
  using Value = float;
  static float get(uint32_t bits) { return std::bit_cast<float>(bits); }
  /// A NaN becomes the one that PTX calls canonical.
  static uint32_t put(float value) {
    return value != value ? 0x7fffffff : std::bit_cast<uint32_t>(value);
  }
};

template <> struct Element<double> {
  using Storage = uint64_t;
  using Value = double;
  static double get(uint64_t bits) { return std::bit_cast<double>(bits); }
  static uint64_t put(double value) { return std::bit_cast<uint64_t>(value); }
};

template <> struct Element<F16> {
  using Storage = uint32_t;
  using Value = float;
  static float get(uint32_t bits) { return f16ToF32(uint16_t(bits)); }
  static uint32_t put(float value) { return value != value ? 0x7fff : f32ToF16(value); }
  /// For results that f32 cannot hold: `value` is exact, or rounded to odd.
  static uint32_t put(double value) { return put(float(roundToBits(value, 11, -14))); }
};

template <> struct Element<BF16> {
  using Storage = uint32_t;
  using Value = float;
  static float get(uint32_t bits) { return bf16ToF32(uint16_t(bits)); }
  static uint32_t put(float value) { return value != value ? 0x7fff : f32ToBf16(value); }
  static uint32_t put(double value) { return put(float(roundToBits(value, 8, -126))); }
};

/// Calls Operation::apply on values of T and puts the result back.
template <typename T> struct Apply {
  template <typename Operation, typename... Bits> static auto run(Bits... bits) {
    return Element<T>::put(Operation::apply(Element<T>::get(bits)...));
  }
};
template <typename T> struct Apply<Packed<T>> {
  template <typename Operation, typename... Bits> static auto run(Bits... bits) {
    constexpr unsigned width = 4 * sizeof(std::common_type_t<Bits...>);
    using Whole = std::common_type_t<Bits...>;
    Whole low = Whole(Apply<T>::template run<Operation>(lower<width>(bits)...));
    Whole high = Whole(Apply<T>::template run<Operation>(lower<width>(bits >> width)...));
    return Whole(low | high << width);
  }
  template <unsigned width, typename Bits> static auto lower(Bits bits) {
    return typename Element<T>::Storage(bits & ((Bits(1) << width) - 1));
  }
};
template <typename T> struct Element<Packed<T>> {
  using Storage = std::conditional_t<std::is_same_v<T, float>, uint64_t, uint32_t>;
};

template <typename T> struct Tag {
  using type = T;
};

/// function(Tag<T>()) for the C++ type T of an integer or bits type; false for others.
template <typename Function> bool forIntegerType(Type type, Function function) {
  switch (type) {
  case Type::B16:
  case Type::U16:
    return function(Tag<uint16_t>()), true;
  case Type::S16:
    return function(Tag<int16_t>()), true;
  case Type::B32:
  case Type::U32:
    return function(Tag<uint32_t>()), true;
  case Type::S32:
    return function(Tag<int32_t>()), true;
  case Type::B64:
  case Type::U64:
    return function(Tag<uint64_t>()), true;
  case Type::S64:
    return function(Tag<int64_t>()), true;
  default:
    return false;
  }
}

/// The same for floats, packed ones included.
template <typename Function> bool forFloatType(Type type, Function function) {
  switch (type) {
  case Type::F16:
    return function(Tag<F16>()), true;
  case Type::BF16:
    return function(Tag<BF16>()), true;
  case Type::F16x2:
    return function(Tag<Packed<F16>>()), true;
  case Type::BF16x2:
    return function(Tag<Packed<BF16>>()), true;
  case Type::F32:
    return function(Tag<float>()), true;
  case Type::F32x2:
    return function(Tag<Packed<float>>()), true;
  case Type::F64:
    return function(Tag<double>()), true;
  default:
    return false;
  }
}

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_INSTRUCTIONS_ELEMENT_H
