//===- IntegerArithmetic.cpp - add, mul, mad and the like on integers -----===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/instructions/IntegerArithmetic.h"

#include "runtime/emulator/instructions/Decoders.h"
#include "runtime/emulator/instructions/Elementwise.h"
#include <limits>

using namespace qopt;
using namespace qopt::emulator;

namespace {

/// The unsigned type in which arithmetic wraps.
template <typename T> using Wrapping = std::common_type_t<std::make_unsigned_t<T>, unsigned>;
/// Twice as wide.
template <typename T>
using Wide = std::conditional_t<
    sizeof(T) == 8, std::conditional_t<std::is_signed_v<T>, __int128, unsigned __int128>,
    std::conditional_t<sizeof(T) == 4, std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>,
                       std::conditional_t<std::is_signed_v<T>, int32_t, uint32_t>>>;

struct Add {
  template <typename T> static T apply(T a, T b) { return T(Wrapping<T>(a) + Wrapping<T>(b)); }
};
struct Sub {
  template <typename T> static T apply(T a, T b) { return T(Wrapping<T>(a) - Wrapping<T>(b)); }
};
struct MulLow {
  template <typename T> static T apply(T a, T b) { return T(Wrapping<T>(a) * Wrapping<T>(b)); }
};
struct MulHigh {
  template <typename T> static T apply(T a, T b) {
    return T((Wide<T>(a) * Wide<T>(b)) >> (8 * sizeof(T)));
  }
};
struct MadLow {
  template <typename T> static T apply(T a, T b, T c) { return Add::apply(MulLow::apply(a, b), c); }
};
struct MadHigh {
  template <typename T> static T apply(T a, T b, T c) {
    return Add::apply(MulHigh::apply(a, b), c);
  }
};
struct AddSaturated {
  static int32_t apply(int32_t a, int32_t b) {
    return int32_t(std::clamp<int64_t>(int64_t(a) + b, INT32_MIN, INT32_MAX));
  }
};
struct SubSaturated {
  static int32_t apply(int32_t a, int32_t b) {
    return int32_t(std::clamp<int64_t>(int64_t(a) - b, INT32_MIN, INT32_MAX));
  }
};
/// Division by zero gives all ones, as the hardware does; PTX leaves it open.
struct Div {
  template <typename T> static T apply(T a, T b) {
    if (b == 0)
      return T(-1);
    if (std::is_signed_v<T> && b == T(-1))
      return Sub::apply(T(0), a);
    return T(a / b);
  }
};
struct Rem {
  template <typename T> static T apply(T a, T b) {
    if (b == 0)
      return a;
    if (std::is_signed_v<T> && b == T(-1))
      return 0;
    return T(a % b);
  }
};
struct Min {
  template <typename T> static T apply(T a, T b) { return a < b ? a : b; }
};
struct Max {
  template <typename T> static T apply(T a, T b) { return a > b ? a : b; }
};
struct Abs {
  template <typename T> static T apply(T a) { return a < 0 ? Sub::apply(T(0), a) : a; }
};
struct Neg {
  template <typename T> static T apply(T a) { return Sub::apply(T(0), a); }
};
/// Sum of absolute differences and c.
struct Sad {
  template <typename T> static T apply(T a, T b, T c) {
    return Add::apply(a < b ? Sub::apply(b, a) : Sub::apply(a, b), c);
  }
};
template <bool HighPart> struct Mul24 {
  template <typename T> static T apply(T a, T b) {
    Wide<T> product = narrow(a) * narrow(b);
    return T(HighPart ? product >> 16 : product);
  }
  template <typename T> static Wide<T> narrow(T a) { return T(Wrapping<T>(a) << 8) >> 8; }
};

template <typename Operation, unsigned N> void decode(Decoding &d, Type type) {
  Handler handler = nullptr;
  bool isKnown = !isBits(type) && forIntegerType(type, [&]<typename T>(Tag<T>) {
    handler = elementwise<T, Operation, N>;
  });
  if (!isKnown)
    d.badType(type);
  d.expectOperands(N + 1);
  std::vector<Slot> slots = {0};
  for (unsigned i = 1; i <= N; ++i)
    slots.push_back(d.use(i, type));
  slots[0] = d.define(0, type);
  d.emit(handler, slots);
}

template <typename Operation, unsigned N> void decodeOpcode(Decoding &d) {
  decode<Operation, N>(d, d.takeType());
}

// The carry flag. Instruction::mode: what to do with it.
constexpr uint8_t kReadCarry = 1, kWriteCarry = 2;

/// operands[0] = operands[1] + operands[2] + carry; the last operand is the flag.
template <typename T, bool Subtract>
void addWithCarry(Warp &warp, const Instruction &in, LaneMask mask) {
  T *to = warp.lanes<T>(in.operands[0]);
  const T *a = warp.lanes<T>(in.operands[1]), *b = warp.lanes<T>(in.operands[2]);
  LaneMask &flag = warp.predicate(in.operands[3]);
  LaneMask carries = 0;
  forEachLane(mask, [&](unsigned lane) {
    T carry = in.mode & kReadCarry ? (flag >> lane) & 1 : 0;
    unsigned __int128 sum = Subtract ? (unsigned __int128)(a[lane]) - b[lane] - carry
                                     : (unsigned __int128)(a[lane]) + b[lane] + carry;
    to[lane] = T(sum);
    carries |= LaneMask((sum >> (8 * sizeof(T))) & 1) << lane;
  });
  if (in.mode & kWriteCarry)
    flag = (flag & ~mask) | carries;
}

/// `add.cc`, `addc.cc`, ... of operands `a` and `b`; `reads` the flag or not.
template <bool Subtract>
void emitWithCarry(Decoding &d, Type type, Slot to, Slot a, Slot b, bool reads) {
  if (type != Type::U32 && type != Type::S32 && type != Type::U64 && type != Type::S64)
    d.badType(type);
  bool writes = d.take("cc");
  bool isLong = bitWidth(type) == 64;
  Operation &operation =
      d.emit(isLong ? addWithCarry<uint64_t, Subtract> : addWithCarry<uint32_t, Subtract>,
             {to, a, b, d.symbols.carryFlag()});
  operation.instruction.mode = (reads ? kReadCarry : 0) | (writes ? kWriteCarry : 0);
}

template <bool Subtract> void decodeAddWithCarry(Decoding &d, Type type, bool reads) {
  d.expectOperands(3);
  Slot a = d.use(1, type), b = d.use(2, type);
  emitWithCarry<Subtract>(d, type, d.define(0, type), a, b, reads);
}

template <bool Subtract> void decodeCarryOpcode(Decoding &d) {
  decodeAddWithCarry<Subtract>(d, d.takeType(), true);
}

/// The product to a temporary, then the sum with carry.
void decodeMadWithCarry(Decoding &d, Type type, bool reads) {
  bool isHigh = d.needOneOf({"lo", "hi"}) == 1;
  d.expectOperands(4);
  Slot product = d.symbols.addSlot(bitWidth(type));
  Slot a = d.use(1, type), b = d.use(2, type);
  Handler handler = nullptr;
  bool isKnown = forIntegerType(type, [&]<typename T>(Tag<T>) {
    handler = isHigh ? elementwise<T, MulHigh, 2> : elementwise<T, MulLow, 2>;
  });
  if (!isKnown)
    d.badType(type);
  d.emit(handler, {product, a, b});
  Slot c = d.use(3, type);
  emitWithCarry<false>(d, type, d.define(0, type), product, c, reads);
}

/// Products twice as wide as T, and c if `HasSum`.
template <typename T, bool HasSum>
void multiplyWide(Warp &warp, const Instruction &in, LaneMask mask) {
  using Source = typename Element<T>::Storage;
  using Result = typename Element<Wide<T>>::Storage;
  const Source *a = warp.lanes<Source>(in.operands[1]), *b = warp.lanes<Source>(in.operands[2]);
  const Result *c = HasSum ? warp.lanes<Result>(in.operands[3]) : nullptr;
  assignLanes(warp.lanes<Result>(in.operands[0]), mask, [=](unsigned lane) {
    auto product = Wrapping<Wide<T>>(Wide<T>(T(a[lane])) * Wide<T>(T(b[lane])));
    return Result(HasSum ? product + c[lane] : product);
  });
}

void decodeWide(Decoding &d, Type type, bool hasSum) {
  Handler handler = nullptr;
  Type wide = Type::B64;
  forIntegerType(type, [&]<typename T>(Tag<T>) {
    if constexpr (sizeof(T) < 8) {
      handler = hasSum ? multiplyWide<T, true> : multiplyWide<T, false>;
      wide = sizeof(T) == 4 ? Type::B64 : Type::B32;
    }
  });
  if (!handler || isBits(type))
    d.badType(type);
  d.expectOperands(hasSum ? 4 : 3);
  std::vector<Slot> slots = {0, d.use(1, type), d.use(2, type)};
  if (hasSum)
    slots.push_back(d.use(3, wide));
  slots[0] = d.define(0, wide);
  d.emit(handler, slots);
}

void decodeMul24(Decoding &d) {
  bool isHigh = d.needOneOf({"lo", "hi"}) == 1;
  Type type = d.takeType({Type::U32, Type::S32});
  isHigh ? decode<Mul24<true>, 2>(d, type) : decode<Mul24<false>, 2>(d, type);
}

void decodeMadCarryOpcode(Decoding &d) { decodeMadWithCarry(d, d.takeType(), true); }

/// Sums of products of the four bytes of a and b, signed or not, and c. Instruction::mode: bit 0, a
/// is signed; bit 1, b is.
void dotProduct4(Warp &warp, const Instruction &in, LaneMask mask) {
  const uint32_t *a = warp.lanes<uint32_t>(in.operands[1]);
  const uint32_t *b = warp.lanes<uint32_t>(in.operands[2]);
  const uint32_t *c = warp.lanes<uint32_t>(in.operands[3]);
  auto byte = [](uint32_t bits, int i, bool isSigned) {
    uint32_t value = (bits >> (8 * i)) & 0xff;
    return isSigned ? uint32_t(int32_t(int8_t(value))) : value;
  };
  bool aSigned = in.mode & 1, bSigned = in.mode & 2;
  assignLanes(warp.lanes<uint32_t>(in.operands[0]), mask, [=](unsigned lane) {
    uint32_t sum = c[lane];
    for (int i = 0; i < 4; ++i)
      sum += byte(a[lane], i, aSigned) * byte(b[lane], i, bSigned);
    return sum;
  });
}

void decodeDp4a(Decoding &d) {
  Type a = d.takeType({Type::U32, Type::S32}), b = d.takeType({Type::U32, Type::S32});
  d.expectOperands(4);
  std::vector<Slot> slots = {0, d.use(1, a), d.use(2, b), d.use(3, Type::B32)};
  slots[0] = d.define(0, Type::B32);
  d.emit(dotProduct4, slots).instruction.mode = uint8_t(isSigned(a) | isSigned(b) << 1);
}

} // namespace

void emulator::decodeIntegerAdd(Decoding &d, Type type) {
  if (type == Type::S32 && d.take("sat")) {
    d.expectOperands(3);
    Slot a = d.use(1, type), b = d.use(2, type);
    d.emit(elementwise<int32_t, AddSaturated, 2>, {d.define(0, type), a, b});
  } else if (d.has("cc")) {
    decodeAddWithCarry<false>(d, type, false);
  } else {
    decode<Add, 2>(d, type);
  }
}

void emulator::decodeIntegerSub(Decoding &d, Type type) {
  if (type == Type::S32 && d.take("sat")) {
    d.expectOperands(3);
    Slot a = d.use(1, type), b = d.use(2, type);
    d.emit(elementwise<int32_t, SubSaturated, 2>, {d.define(0, type), a, b});
  } else if (d.has("cc")) {
    decodeAddWithCarry<true>(d, type, false);
  } else {
    decode<Sub, 2>(d, type);
  }
}

void emulator::decodeIntegerMul(Decoding &d, Type type) {
  switch (d.needOneOf({"lo", "hi", "wide"})) {
  case 0:
    return decode<MulLow, 2>(d, type);
  case 1:
    return decode<MulHigh, 2>(d, type);
  default:
    return decodeWide(d, type, false);
  }
}

void emulator::decodeIntegerMad(Decoding &d, Type type) {
  if (d.has("cc"))
    return decodeMadWithCarry(d, type, false);
  switch (d.needOneOf({"lo", "hi", "wide"})) {
  case 0:
    return decode<MadLow, 3>(d, type);
  case 1:
    return decode<MadHigh, 3>(d, type);
  default:
    return decodeWide(d, type, true);
  }
}

void emulator::decodeIntegerDiv(Decoding &d, Type type) { decode<Div, 2>(d, type); }
void emulator::decodeIntegerMin(Decoding &d, Type type) { decode<Min, 2>(d, type); }
void emulator::decodeIntegerMax(Decoding &d, Type type) { decode<Max, 2>(d, type); }

void emulator::decodeIntegerAbs(Decoding &d, Type type) {
  if (!isSigned(type))
    d.badType(type);
  decode<Abs, 1>(d, type);
}
void emulator::decodeIntegerNeg(Decoding &d, Type type) {
  if (!isSigned(type))
    d.badType(type);
  decode<Neg, 1>(d, type);
}

void emulator::addIntegerArithmetic(DecoderTable &table) {
  table["addc"] = decodeCarryOpcode<false>;
  table["subc"] = decodeCarryOpcode<true>;
  table["madc"] = decodeMadCarryOpcode;
  table["mul24"] = decodeMul24;
  table["rem"] = decodeOpcode<Rem, 2>;
  table["sad"] = decodeOpcode<Sad, 3>;
  table["dp4a"] = decodeDp4a;
}
