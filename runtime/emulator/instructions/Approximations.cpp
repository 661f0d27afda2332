//===- Approximations.cpp - reciprocals, roots, exponentials and angles ---===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// PTX bounds the errors of its `.approx` instructions. Here they are rounded correctly, or nearly:
// closer to the real number than any hardware, so that kernels that rely on more accuracy than they
// are promised are not found.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/instructions/Decoders.h"
#include "runtime/emulator/instructions/Elementwise.h"
#include "runtime/emulator/instructions/FloatArithmetic.h"
#include "runtime/emulator/numerics/Exp2.h"

using namespace qopt;
using namespace qopt::emulator;

namespace {

struct Reciprocal {
  template <typename T> static T apply(T a) { return 1 / a; }
};
struct SquareRoot {
  template <typename T> static T apply(T a) { return std::sqrt(a); }
};
struct ReciprocalRoot {
  static float apply(float a) { return float(1 / std::sqrt(double(a))); }
  static double apply(double a) { return 1 / std::sqrt(a); }
};
struct Exp2 {
  static float apply(float a) { return exp2Rounded(a); }
};
struct Log2 {
  static float apply(float a) { return float(std::log2(double(a))); }
};
struct Sine {
  static float apply(float a) { return float(std::sin(double(a))); }
};
struct Cosine {
  static float apply(float a) { return float(std::cos(double(a))); }
};
struct Tangent {
  static float apply(float a) { return float(std::tanh(double(a))); }
};
/// The magnitude of b with the sign of a.
struct CopySign {
  template <typename T> static T apply(T a, T b) { return std::copysign(b, a); }
};

void emitUnary(Decoding &d, Type type, Handler handler) {
  d.expectOperands(2);
  Slot a = d.use(1, type);
  d.emit(handler, {d.define(0, type), a});
}

/// `op.approx{.ftz}.f32`
template <typename Operation> void decodeApproximate(Decoding &d) {
  d.needOneOf({"approx"});
  Type type = d.takeType({Type::F32});
  bool ftz = d.take("ftz");
  emitUnary(d, type,
            ftz ? elementwise<float, Flushed<Operation>, 1> : elementwise<float, Operation, 1>);
}

/// The same, and `.f16`, `.bf16` and pairs of them.
template <typename Operation> void decodeApproximateWithHalves(Decoding &d) {
  d.needOneOf({"approx"});
  Type type = d.takeType();
  bool ftz = d.take("ftz");
  Handler handler = nullptr;
  forFloatType(type, [&]<typename T>(Tag<T>) {
    if constexpr (std::is_same_v<T, float>)
      handler = ftz ? elementwise<T, Flushed<Operation>, 1> : elementwise<T, Operation, 1>;
    else if constexpr (!std::is_same_v<T, double> && !std::is_same_v<T, Packed<float>>)
      handler = elementwise<T, Operation, 1>;
  });
  if (!handler)
    d.badType(type);
  emitUnary(d, type, handler);
}

/// `rcp` and `sqrt`: approximate, or rounded as asked for.
template <typename Operation> void decodeRounded(Decoding &d) {
  Rounding rounding = d.take("approx") ? Rounding::NearestEven : takeRounding(d);
  Type type = d.takeType({Type::F32, Type::F64});
  bool ftz = d.take("ftz");
  if (type == Type::F64)
    emitUnary(d, type, roundedHandler<elementwise<double, Operation, 1>>(rounding));
  else
    emitUnary(d, type,
              ftz ? roundedHandler<elementwise<float, Flushed<Operation>, 1>>(rounding)
                  : roundedHandler<elementwise<float, Operation, 1>>(rounding));
}

void decodeReciprocalRoot(Decoding &d) {
  d.needOneOf({"approx"});
  Type type = d.takeType({Type::F32, Type::F64});
  bool ftz = d.take("ftz");
  if (type == Type::F64)
    emitUnary(d, type, elementwise<double, ReciprocalRoot, 1>);
  else
    emitUnary(d, type,
              ftz ? elementwise<float, Flushed<ReciprocalRoot>, 1>
                  : elementwise<float, ReciprocalRoot, 1>);
}

void decodeCopySign(Decoding &d) {
  Type type = d.takeType({Type::F32, Type::F64});
  d.expectOperands(3);
  Slot a = d.use(1, type), b = d.use(2, type);
  d.emit(type == Type::F64 ? elementwise<double, CopySign, 2> : elementwise<float, CopySign, 2>,
         {d.define(0, type), a, b});
}

} // namespace

void emulator::addApproximations(DecoderTable &table) {
  table["rcp"] = decodeRounded<Reciprocal>;
  table["sqrt"] = decodeRounded<SquareRoot>;
  table["rsqrt"] = decodeReciprocalRoot;
  table["ex2"] = decodeApproximateWithHalves<Exp2>;
  table["tanh"] = decodeApproximateWithHalves<Tangent>;
  table["lg2"] = decodeApproximate<Log2>;
  table["sin"] = decodeApproximate<Sine>;
  table["cos"] = decodeApproximate<Cosine>;
  table["copysign"] = decodeCopySign;
}
