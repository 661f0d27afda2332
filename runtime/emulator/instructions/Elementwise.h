//===- Elementwise.h - handlers that compute each lane by itself -*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_INSTRUCTIONS_ELEMENTWISE_H
#define QOPT_RUNTIME_EMULATOR_INSTRUCTIONS_ELEMENTWISE_H

#include "runtime/emulator/exec/Warp.h"
#include "runtime/emulator/instructions/Element.h"
#include <cfenv>
#include <cmath>

namespace qopt::emulator {

/// operands[0] = Operation::apply(operands[1..N]), all of T.
template <typename T, typename Operation, unsigned N>
void elementwise(Warp &warp, const Instruction &in, LaneMask mask) {
  using Storage = typename Element<T>::Storage;
  Storage *to = warp.lanes<Storage>(in.operands[0]);
  const Storage *a = warp.lanes<Storage>(in.operands[1]);
  const Storage *b = N > 1 ? warp.lanes<Storage>(in.operands[2]) : nullptr;
  const Storage *c = N > 2 ? warp.lanes<Storage>(in.operands[3]) : nullptr;
  assignLanes(to, mask, [=](unsigned lane) -> Storage {
    if constexpr (N == 1)
      return Apply<T>::template run<Operation>(a[lane]);
    else if constexpr (N == 2)
      return Apply<T>::template run<Operation>(a[lane], b[lane]);
    else
      return Apply<T>::template run<Operation>(a[lane], b[lane], c[lane]);
  });
}

/// A subnormal becomes a zero of its sign.
inline float flush(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  return (bits & 0x7f800000) == 0 ? std::bit_cast<float>(bits & 0x80000000) : value;
}

/// `.ftz`: subnormal operands and results are zero.
template <typename Operation> struct Flushed {
  template <typename... Values> static float apply(Values... values) {
    return flush(Operation::apply(flush(values)...));
  }
};

/// `.sat`: results between 0 and 1; a NaN becomes 0.
template <typename Operation> struct Saturated {
  template <typename... Values> static auto apply(Values... values) {
    auto result = Operation::apply(values...);
    using Value = decltype(result);
    return result > 0 ? (result < 1 ? result : Value(1)) : Value(0);
  }
};

/// `.relu`: negative results become 0; a NaN stays.
template <typename Operation> struct Rectified {
  template <typename... Values> static auto apply(Values... values) {
    auto result = Operation::apply(values...);
    return result < 0 ? decltype(result)(0) : result;
  }
};

/// Runs another handler with the processor's rounding mode set.
template <Handler Inner, int Mode>
void withRounding(Warp &warp, const Instruction &in, LaneMask mask) {
  int before = fegetround();
  fesetround(Mode);
  Inner(warp, in, mask);
  fesetround(before);
}

template <Handler Inner> Handler roundedHandler(Rounding mode) {
  switch (mode) {
  case Rounding::TowardZero:
    return withRounding<Inner, FE_TOWARDZERO>;
  case Rounding::Down:
    return withRounding<Inner, FE_DOWNWARD>;
  case Rounding::Up:
    return withRounding<Inner, FE_UPWARD>;
  default:
    return Inner;
  }
}

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_INSTRUCTIONS_ELEMENTWISE_H
