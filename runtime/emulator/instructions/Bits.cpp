//===- Bits.cpp - logic, shifts and bit fields ----------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/instructions/Decoders.h"
#include "runtime/emulator/instructions/Decoding.h"
#include "runtime/emulator/instructions/Elementwise.h"

using namespace qopt;
using namespace qopt::emulator;

namespace {

struct And {
  template <typename T> static T apply(T a, T b) { return a & b; }
};
struct Or {
  template <typename T> static T apply(T a, T b) { return a | b; }
};
struct Xor {
  template <typename T> static T apply(T a, T b) { return a ^ b; }
};
struct Not {
  template <typename T> static T apply(T a) { return T(~a); }
};
struct LogicalNot {
  template <typename T> static T apply(T a) { return a == 0; }
};
struct CountOnes {
  template <typename T> static T apply(T a) { return T(std::popcount(a)); }
};
struct CountLeadingZeros {
  template <typename T> static T apply(T a) { return T(std::countl_zero(a)); }
};
struct Reverse {
  template <typename T> static T apply(T a) {
    T result = 0;
    for (size_t i = 0; i < 8 * sizeof(T); ++i)
      result |= T((a >> i) & 1) << (8 * sizeof(T) - 1 - i);
    return result;
  }
};

/// Handlers for predicates: operands are masks.
template <typename Operation, unsigned N>
void onPredicates(Warp &warp, const Instruction &in, LaneMask mask) {
  LaneMask result;
  if constexpr (N == 1)
    result = Operation::apply(warp.predicate(in.operands[1]));
  else
    result = Operation::apply(warp.predicate(in.operands[1]), warp.predicate(in.operands[2]));
  LaneMask &to = warp.predicate(in.operands[0]);
  to = (to & ~mask) | (result & mask);
}

template <typename Operation, unsigned N> void decodeLogic(Decoding &d) {
  Type type = d.takeType({Type::Pred, Type::B16, Type::B32, Type::B64});
  d.expectOperands(N + 1);
  Handler handler = onPredicates<Operation, N>;
  forIntegerType(type, [&]<typename T>(Tag<T>) { handler = elementwise<T, Operation, N>; });
  std::vector<Slot> slots = {0};
  for (unsigned i = 1; i <= N; ++i)
    slots.push_back(d.use(i, type));
  slots[0] = d.define(0, type);
  d.emit(handler, slots);
}

/// The operations that give a count in 32 bits.
template <typename T, typename Operation>
void countBits(Warp &warp, const Instruction &in, LaneMask mask) {
  const T *a = warp.lanes<T>(in.operands[1]);
  assignLanes(warp.lanes<uint32_t>(in.operands[0]), mask,
              [=](unsigned lane) { return uint32_t(Operation::apply(a[lane])); });
}

template <typename Operation> void decodeCount(Decoding &d) {
  Type type = d.takeType({Type::B32, Type::B64});
  d.expectOperands(2);
  Slot a = d.use(1, type);
  d.emit(bitWidth(type) == 64 ? countBits<uint64_t, Operation> : countBits<uint32_t, Operation>,
         {d.define(0, Type::B32), a});
}

void decodeReverse(Decoding &d) {
  Type type = d.takeType({Type::B32, Type::B64});
  d.expectOperands(2);
  Slot a = d.use(1, type);
  d.emit(bitWidth(type) == 64 ? elementwise<uint64_t, Reverse, 1>
                              : elementwise<uint32_t, Reverse, 1>,
         {d.define(0, type), a});
}

/// Index of the highest bit that differs from the sign; all ones if none does. Instruction::mode:
/// the amount by which to shift that bit to the top, instead.
template <typename T> void findHighestBit(Warp &warp, const Instruction &in, LaneMask mask) {
  using Storage = typename Element<T>::Storage;
  const Storage *a = warp.lanes<Storage>(in.operands[1]);
  assignLanes(warp.lanes<uint32_t>(in.operands[0]), mask, [&](unsigned lane) {
    T value = T(a[lane]);
    Storage bits = Storage(value < 0 ? ~value : value);
    uint32_t zeros = uint32_t(std::countl_zero(bits));
    uint32_t top = 8 * sizeof(T) - 1;
    return bits == 0 ? ~0u : (in.mode ? zeros : top - zeros);
  });
}

void decodeFindHighestBit(Decoding &d) {
  bool isShift = d.take("shiftamt");
  Type type = d.takeType({Type::U32, Type::S32, Type::U64, Type::S64});
  d.expectOperands(2);
  Handler handler = nullptr;
  forIntegerType(type, [&]<typename T>(Tag<T>) { handler = findHighestBit<T>; });
  Slot a = d.use(1, type);
  d.emit(handler, {d.define(0, Type::B32), a}).instruction.mode = isShift;
}

/// Amounts beyond the width shift everything out.
template <typename T> void shiftLeft(Warp &warp, const Instruction &in, LaneMask mask) {
  using Storage = typename Element<T>::Storage;
  const Storage *a = warp.lanes<Storage>(in.operands[1]);
  const uint32_t *amount = warp.lanes<uint32_t>(in.operands[2]);
  constexpr uint32_t width = 8 * sizeof(T);
  assignLanes(warp.lanes<Storage>(in.operands[0]), mask, [=](unsigned lane) {
    Storage shifted = Storage(T(a[lane] << (amount[lane] & (width - 1))));
    return amount[lane] < width ? shifted : Storage(0);
  });
}

template <typename T> void shiftRight(Warp &warp, const Instruction &in, LaneMask mask) {
  using Storage = typename Element<T>::Storage;
  const Storage *a = warp.lanes<Storage>(in.operands[1]);
  const uint32_t *amount = warp.lanes<uint32_t>(in.operands[2]);
  constexpr uint32_t width = 8 * sizeof(T);
  assignLanes(warp.lanes<Storage>(in.operands[0]), mask, [=](unsigned lane) {
    T value = T(a[lane]);
    T everything = value < 0 ? T(-1) : T(0);
    T shifted = T(value >> (amount[lane] & (width - 1)));
    return Element<T>::put(amount[lane] < width ? shifted : everything);
  });
}

template <bool Left> void decodeShift(Decoding &d) {
  Type type = d.takeType();
  Handler handler = nullptr;
  forIntegerType(type, [&]<typename T>(Tag<T>) {
    handler = Left ? shiftLeft<std::make_unsigned_t<T>> : shiftRight<T>;
  });
  if (!handler || (Left && !isBits(type)))
    d.badType(type);
  d.expectOperands(3);
  Slot a = d.use(1, type), amount = d.use(2, Type::U32);
  d.emit(handler, {d.define(0, type), a, amount});
}

/// The 64 bits of b and a, shifted; Instruction::mode: amounts wrap at 32 and are not clamped.
template <bool Left> void shiftFunnel(Warp &warp, const Instruction &in, LaneMask mask) {
  const uint32_t *a = warp.lanes<uint32_t>(in.operands[1]);
  const uint32_t *b = warp.lanes<uint32_t>(in.operands[2]);
  const uint32_t *c = warp.lanes<uint32_t>(in.operands[3]);
  bool wraps = in.mode;
  assignLanes(warp.lanes<uint32_t>(in.operands[0]), mask, [=](unsigned lane) {
    uint64_t both = uint64_t(b[lane]) << 32 | a[lane];
    uint32_t amount = wraps ? c[lane] & 31 : std::min(c[lane], 32u);
    return Left ? uint32_t((both << amount) >> 32) : uint32_t(both >> amount);
  });
}

void decodeFunnelShift(Decoding &d) {
  bool isLeft = d.needOneOf({"l", "r"}) == 0;
  bool wraps = d.needOneOf({"clamp", "wrap"}) == 1;
  d.takeType({Type::B32});
  d.expectOperands(4);
  std::vector<Slot> slots = {0, d.use(1, Type::B32), d.use(2, Type::B32), d.use(3, Type::B32)};
  slots[0] = d.define(0, Type::B32);
  d.emit(isLeft ? shiftFunnel<true> : shiftFunnel<false>, slots).instruction.mode = wraps;
}

/// Any function of three bits: entry 4a + 2b + c of the table in `immediate`.
void lookUpBits(Warp &warp, const Instruction &in, LaneMask mask) {
  const uint32_t *a = warp.lanes<uint32_t>(in.operands[1]);
  const uint32_t *b = warp.lanes<uint32_t>(in.operands[2]);
  const uint32_t *c = warp.lanes<uint32_t>(in.operands[3]);
  assignLanes(warp.lanes<uint32_t>(in.operands[0]), mask, [&](unsigned lane) {
    uint32_t result = 0;
    for (int i = 0; i < 8; ++i)
      if ((in.immediate >> i) & 1)
        result |= (i & 4 ? a[lane] : ~a[lane]) & (i & 2 ? b[lane] : ~b[lane]) &
                  (i & 1 ? c[lane] : ~c[lane]);
    return result;
  });
}

void decodeLop3(Decoding &d) {
  d.takeType({Type::B32});
  d.expectOperands(5);
  if (d.operand(4).kind != ptx::Operand::Kind::Integer || d.operand(4).bits > 255)
    d.error("the table is not a number from 0 to 255");
  std::vector<Slot> slots = {0, d.use(1, Type::B32), d.use(2, Type::B32), d.use(3, Type::B32)};
  slots[0] = d.define(0, Type::B32);
  d.emit(lookUpBits, slots).instruction.immediate = int64_t(d.operand(4).bits);
}

enum PermuteMode : uint8_t {
  Selectors,
  Forward4,
  Backward4,
  Replicate8,
  EdgeLeft,
  EdgeRight,
  Replicate16
};

/// The selector with a nibble for each result byte that a mode stands for.
uint32_t permuteSelector(uint8_t mode, uint32_t control) {
  uint32_t s = control & 3, selector = 0;
  for (uint32_t i = 0; i < 4; ++i) {
    uint32_t byte = 0;
    switch (mode) {
    case Forward4:
      byte = s + i;
      break;
    case Backward4:
      byte = (s - i) & 7;
      break;
    case Replicate8:
      byte = s;
      break;
    case EdgeLeft:
      byte = std::max(s, i);
      break;
    case EdgeRight:
      byte = std::min(s, i);
      break;
    case Replicate16:
      byte = (s & 1) * 2 + (i & 1);
      break;
    default:
      return control;
    }
    selector |= byte << (4 * i);
  }
  return selector;
}

void permuteBytes(Warp &warp, const Instruction &in, LaneMask mask) {
  const uint32_t *a = warp.lanes<uint32_t>(in.operands[1]);
  const uint32_t *b = warp.lanes<uint32_t>(in.operands[2]);
  const uint32_t *c = warp.lanes<uint32_t>(in.operands[3]);
  uint8_t mode = in.mode;
  assignLanes(warp.lanes<uint32_t>(in.operands[0]), mask, [=](unsigned lane) {
    uint64_t bytes = uint64_t(b[lane]) << 32 | a[lane];
    uint32_t selector = mode == Selectors ? c[lane] : permuteSelector(mode, c[lane]);
    uint32_t result = 0;
    for (unsigned i = 0; i < 4; ++i) {
      uint32_t nibble = selector >> (4 * i);
      auto byte = uint32_t(bytes >> (8 * (nibble & 7))) & 0xff;
      // Bit 3 asks for the sign, in all bits.
      uint32_t sign = byte & 0x80 ? 0xff : 0;
      result |= (nibble & 8 ? sign : byte) << (8 * i);
    }
    return result;
  });
}

void decodePermute(Decoding &d) {
  d.takeType({Type::B32});
  int mode = d.takeOneOf({"f4e", "b4e", "rc8", "ecl", "ecr", "rc16"});
  d.expectOperands(4);
  std::vector<Slot> slots = {0, d.use(1, Type::B32), d.use(2, Type::B32), d.use(3, Type::B32)};
  slots[0] = d.define(0, Type::B32);
  d.emit(permuteBytes, slots).instruction.mode = uint8_t(mode + 1);
}

/// `length` bits of a from bit `position` on, extended by their sign or by zeros.
template <typename T> void extractField(Warp &warp, const Instruction &in, LaneMask mask) {
  using Storage = typename Element<T>::Storage;
  const Storage *a = warp.lanes<Storage>(in.operands[1]);
  const uint32_t *positions = warp.lanes<uint32_t>(in.operands[2]);
  const uint32_t *lengths = warp.lanes<uint32_t>(in.operands[3]);
  constexpr uint32_t width = 8 * sizeof(T);
  assignLanes(warp.lanes<Storage>(in.operands[0]), mask, [=](unsigned lane) {
    uint32_t position = positions[lane] & 0xff, length = std::min(lengths[lane] & 0xff, width);
    T value = T(a[lane]);
    T sign = value < 0 ? T(-1) : T(0);
    T shifted = position < width ? T(value >> (position & (width - 1))) : sign;
    uint32_t unused = (width - length) & (width - 1);
    // Bits of a beyond its end are the sign, as `>>` has it.
    T field = T(T(Storage(shifted) << unused) >> unused);
    return length == 0 ? Storage(0) : Element<T>::put(field);
  });
}

void decodeExtract(Decoding &d) {
  Type type = d.takeType({Type::U32, Type::S32, Type::U64, Type::S64});
  d.expectOperands(4);
  Handler handler = nullptr;
  forIntegerType(type, [&]<typename T>(Tag<T>) { handler = extractField<T>; });
  Slot a = d.use(1, type), position = d.use(2, Type::U32), length = d.use(3, Type::U32);
  d.emit(handler, {d.define(0, type), a, position, length});
}

/// b with `length` bits from `position` on replaced by the lowest of a.
template <typename T> void insertField(Warp &warp, const Instruction &in, LaneMask mask) {
  const T *a = warp.lanes<T>(in.operands[1]), *b = warp.lanes<T>(in.operands[2]);
  const uint32_t *positions = warp.lanes<uint32_t>(in.operands[3]);
  const uint32_t *lengths = warp.lanes<uint32_t>(in.operands[4]);
  constexpr uint32_t width = 8 * sizeof(T);
  assignLanes(warp.lanes<T>(in.operands[0]), mask, [=](unsigned lane) {
    uint32_t position = positions[lane] & 0xff, length = lengths[lane] & 0xff;
    T ones = length >= width ? ~T(0) : (T(1) << (length & (width - 1))) - 1;
    uint32_t shift = position & (width - 1);
    T inserted = (b[lane] & ~(ones << shift)) | (a[lane] & ones) << shift;
    return position < width ? inserted : b[lane];
  });
}

void decodeInsert(Decoding &d) {
  Type type = d.takeType({Type::B32, Type::B64});
  d.expectOperands(5);
  std::vector<Slot> slots = {0, d.use(1, type), d.use(2, type), d.use(3, Type::U32),
                             d.use(4, Type::U32)};
  slots[0] = d.define(0, type);
  d.emit(bitWidth(type) == 64 ? insertField<uint64_t> : insertField<uint32_t>, slots);
}

} // namespace

void emulator::addBits(DecoderTable &table) {
  table["and"] = decodeLogic<And, 2>;
  table["or"] = decodeLogic<Or, 2>;
  table["xor"] = decodeLogic<Xor, 2>;
  table["not"] = decodeLogic<Not, 1>;
  table["cnot"] = decodeLogic<LogicalNot, 1>;
  table["popc"] = decodeCount<CountOnes>;
  table["clz"] = decodeCount<CountLeadingZeros>;
  table["brev"] = decodeReverse;
  table["bfind"] = decodeFindHighestBit;
  table["shl"] = decodeShift<true>;
  table["shr"] = decodeShift<false>;
  table["shf"] = decodeFunnelShift;
  table["lop3"] = decodeLop3;
  table["prmt"] = decodePermute;
  table["bfe"] = decodeExtract;
  table["bfi"] = decodeInsert;
}
