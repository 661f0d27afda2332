//===- FloatArithmetic.cpp - add, mul, fma and the like on floats ---------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/instructions/FloatArithmetic.h"

#include "runtime/emulator/instructions/Elementwise.h"
#include <limits>

using namespace qopt;
using namespace qopt::emulator;

namespace {

struct Add {
  template <typename T> static T apply(T a, T b) { return a + b; }
};
struct Sub {
  template <typename T> static T apply(T a, T b) { return a - b; }
};
struct Mul {
  template <typename T> static T apply(T a, T b) { return a * b; }
};
struct Div {
  template <typename T> static T apply(T a, T b) { return a / b; }
};
struct Fma {
  template <typename T> static T apply(T a, T b, T c) { return std::fma(a, b, c); }
};
/// Of 16-bit floats.
struct FmaHalf {
  static double apply(float a, float b, float c) { return fusedToOdd(a, b, c); }
};

/// The other operand where one is a NaN; -0 is less than +0.
struct Min {
  template <typename T> static T apply(T a, T b) {
    T least = a < b || (a == b && std::signbit(a)) ? a : b;
    return a != a ? b : (b != b ? a : least);
  }
};
struct Max {
  template <typename T> static T apply(T a, T b) {
    T most = a > b || (a == b && std::signbit(b)) ? a : b;
    return a != a ? b : (b != b ? a : most);
  }
};
/// `.NaN`: a NaN where one operand is.
template <typename Operation> struct WithNan {
  template <typename T> static T apply(T a, T b) {
    return a != a || b != b ? std::numeric_limits<T>::quiet_NaN() : Operation::apply(a, b);
  }
};
struct Abs {
  template <typename T> static T apply(T a) { return std::fabs(a); }
};
struct Neg {
  template <typename T> static T apply(T a) { return -a; }
};

/// The operation with .ftz, .sat and .relu as given, where T has them.
template <typename T, typename Operation, unsigned N>
Handler pick(Decoding &d, Rounding rounding, bool ftz, bool sat, bool relu) {
  constexpr bool isF32 = std::is_same_v<T, float> || std::is_same_v<T, Packed<float>>;
  constexpr bool isF64 = std::is_same_v<T, double>;
  if (relu && !isF32 && !isF64 && !ftz && !sat)
    return elementwise<T, Rectified<Operation>, N>;
  if (ftz && sat && isF32)
    return roundedHandler<elementwise<T, Flushed<Saturated<Operation>>, N>>(rounding);
  if (ftz && isF32)
    return roundedHandler<elementwise<T, Flushed<Operation>, N>>(rounding);
  if (sat && !isF64 && !ftz && !relu)
    return roundedHandler<elementwise<T, Saturated<Operation>, N>>(rounding);
  if (ftz || sat || relu)
    d.error("the emulator does not know these modifiers for the type");
  return roundedHandler<elementwise<T, Operation, N>>(rounding);
}

template <unsigned N> void emitElementwise(Decoding &d, Type type, Handler handler) {
  d.expectOperands(N + 1);
  std::vector<Slot> slots = {0};
  for (unsigned i = 1; i <= N; ++i)
    slots.push_back(d.use(i, type));
  slots[0] = d.define(0, type);
  d.emit(handler, slots);
}

bool isHalf(Type type) {
  return type == Type::F16 || type == Type::BF16 || type == Type::F16x2 || type == Type::BF16x2;
}

template <typename Operation, unsigned N> void decode(Decoding &d, Type type) {
  Rounding rounding = takeRounding(d);
  if (isHalf(type) && rounding != Rounding::NearestEven)
    d.error("16-bit floats are rounded to nearest only");
  bool ftz = d.take("ftz"), sat = d.take("sat"), relu = d.take("relu");
  Handler handler = nullptr;
  bool isKnown = forFloatType(type, [&]<typename T>(Tag<T>) {
    handler = pick<T, Operation, N>(d, rounding, ftz, sat, relu);
  });
  if (!isKnown)
    d.badType(type);
  emitElementwise<N>(d, type, handler);
}

/// Operations that need no rounding: .ftz, .NaN and .relu only.
template <typename Operation, unsigned N> void decodeExact(Decoding &d, Type type) {
  bool ftz = d.take("ftz"), relu = d.take("relu");
  Handler handler = nullptr;
  bool isKnown = forFloatType(type, [&]<typename T>(Tag<T>) {
    handler = pick<T, Operation, N>(d, Rounding::NearestEven, ftz, false, relu);
  });
  if (!isKnown)
    d.badType(type);
  emitElementwise<N>(d, type, handler);
}

template <typename Operation> void decodeMinMax(Decoding &d, Type type) {
  if (d.take("NaN"))
    return decodeExact<WithNan<Operation>, 2>(d, type);
  decodeExact<Operation, 2>(d, type);
}

} // namespace

Rounding emulator::takeRounding(Decoding &d) {
  static constexpr Rounding modes[] = {Rounding::NearestEven, Rounding::TowardZero, Rounding::Down,
                                       Rounding::Up};
  int index = d.takeOneOf({"rn", "rz", "rm", "rp"});
  return index < 0 ? Rounding::NearestEven : modes[index];
}

void emulator::decodeFloatAdd(Decoding &d, Type type) { decode<Add, 2>(d, type); }
void emulator::decodeFloatSub(Decoding &d, Type type) { decode<Sub, 2>(d, type); }
void emulator::decodeFloatMul(Decoding &d, Type type) { decode<Mul, 2>(d, type); }

void emulator::decodeFloatFma(Decoding &d, Type type) {
  if (!isHalf(type))
    return decode<Fma, 3>(d, type);
  decode<FmaHalf, 3>(d, type);
}

/// `.approx` and `.full` give what `.rn` gives, which is within their tolerance.
void emulator::decodeFloatDiv(Decoding &d, Type type) {
  if (isHalf(type) || type == Type::F32x2)
    d.badType(type);
  if (type == Type::F32)
    d.takeOneOf({"approx", "full"});
  decode<Div, 2>(d, type);
}

void emulator::decodeFloatMin(Decoding &d, Type type) { decodeMinMax<Min>(d, type); }
void emulator::decodeFloatMax(Decoding &d, Type type) { decodeMinMax<Max>(d, type); }
void emulator::decodeFloatAbs(Decoding &d, Type type) { decodeExact<Abs, 1>(d, type); }
void emulator::decodeFloatNeg(Decoding &d, Type type) { decodeExact<Neg, 1>(d, type); }
