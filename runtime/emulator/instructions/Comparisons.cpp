//===- Comparisons.cpp - setp, set, selp and testp ------------------------===//
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

enum class Combine : uint8_t { None, And, Or, Xor };

struct Equal {
  template <typename T> static bool apply(T a, T b) { return a == b; }
};
struct NotEqual { // ordered
  template <typename T> static bool apply(T a, T b) { return a < b || a > b; }
};
struct Less {
  template <typename T> static bool apply(T a, T b) { return a < b; }
};
struct LessEqual {
  template <typename T> static bool apply(T a, T b) { return a <= b; }
};
struct Greater {
  template <typename T> static bool apply(T a, T b) { return a > b; }
};
struct GreaterEqual {
  template <typename T> static bool apply(T a, T b) { return a >= b; }
};
struct BothNumbers {
  template <typename T> static bool apply(T a, T b) { return a == a && b == b; }
};
/// The comparison holds, or an operand is a NaN.
template <typename Comparison> struct OrNan {
  template <typename T> static bool apply(T a, T b) {
    return Comparison::apply(a, b) || a != a || b != b;
  }
};
struct AnyNan {
  template <typename T> static bool apply(T a, T b) { return a != a || b != b; }
};
/// Floats with subnormals taken for zero.
template <typename Comparison> struct FlushedComparison {
  static bool apply(float a, float b) { return Comparison::apply(flush(a), flush(b)); }
};

template <typename T, typename Comparison>
LaneMask compareLanes(const void *left, const void *right) {
  using Storage = typename Element<T>::Storage;
  auto a = static_cast<const Storage *>(left), b = static_cast<const Storage *>(right);
  LaneMask result = 0;
  QOPT_LANE_LOOP
  for (unsigned lane = 0; lane < kWarpSize; ++lane)
    result |= LaneMask(Comparison::apply(Element<T>::get(a[lane]), Element<T>::get(b[lane])))
              << lane;
  return result;
}

LaneMask combine(LaneMask result, LaneMask other, Combine how) {
  switch (how) {
  case Combine::And:
    return result & other;
  case Combine::Or:
    return result | other;
  case Combine::Xor:
    return result ^ other;
  case Combine::None:
    break;
  }
  return result;
}

void assignPredicate(LaneMask &to, LaneMask mask, LaneMask value) {
  to = (to & ~mask) | (value & mask);
}

/// Operands: p, q = !p (of the comparison), a, b, c. Instruction::mode: how to combine with c,
/// which is flipped by `immediate`.
template <typename T, typename Comparison>
void setPredicate(Warp &warp, const Instruction &in, LaneMask mask) {
  LaneMask result = compareLanes<T, Comparison>(warp.lanes<std::byte>(in.operands[2]),
                                                warp.lanes<std::byte>(in.operands[3]));
  LaneMask other = warp.predicate(in.operands[4]) ^ LaneMask(in.immediate);
  assignPredicate(warp.predicate(in.operands[0]), mask, combine(result, other, Combine(in.mode)));
  assignPredicate(warp.predicate(in.operands[1]), mask, combine(~result, other, Combine(in.mode)));
}

/// Pairs of 16-bit floats: p of the first elements, q of the second.
template <typename T, typename Comparison>
void setPredicatePair(Warp &warp, const Instruction &in, LaneMask mask) {
  const uint32_t *a = warp.lanes<uint32_t>(in.operands[2]),
                 *b = warp.lanes<uint32_t>(in.operands[3]);
  LaneMask low = 0, high = 0;
  for (unsigned lane = 0; lane < kWarpSize; ++lane) {
    auto get = [](uint32_t bits) { return Element<T>::get(bits & 0xffff); };
    low |= LaneMask(Comparison::apply(get(a[lane]), get(b[lane]))) << lane;
    high |= LaneMask(Comparison::apply(get(a[lane] >> 16), get(b[lane] >> 16))) << lane;
  }
  LaneMask other = warp.predicate(in.operands[4]) ^ LaneMask(in.immediate);
  assignPredicate(warp.predicate(in.operands[0]), mask, combine(low, other, Combine(in.mode)));
  assignPredicate(warp.predicate(in.operands[1]), mask, combine(high, other, Combine(in.mode)));
}

template <typename T> struct IsPacked : std::false_type {};
template <typename T> struct IsPacked<Packed<T>> : std::true_type {};

/// The handler for one comparison of one type.
template <typename Comparison> Handler pick(Type type, bool ftz) {
  Handler handler = nullptr;
  forIntegerType(type, [&]<typename T>(Tag<T>) { handler = setPredicate<T, Comparison>; });
  forFloatType(type, [&]<typename T>(Tag<T>) {
    if constexpr (std::is_same_v<T, float>)
      handler = ftz ? setPredicate<T, FlushedComparison<Comparison>> : setPredicate<T, Comparison>;
    else if constexpr (std::is_same_v<T, Packed<F16>>)
      handler = setPredicatePair<F16, Comparison>;
    else if constexpr (std::is_same_v<T, Packed<BF16>>)
      handler = setPredicatePair<BF16, Comparison>;
    else if constexpr (!IsPacked<T>::value)
      handler = setPredicate<T, Comparison>;
  });
  return handler;
}

/// Takes the comparison and the type.
Handler takeComparison(Decoding &d, Type &type) {
  int index = d.needOneOf({"eq", "ne", "lt", "le", "gt", "ge", "lo", "ls", "hi", "hs", "equ", "neu",
                           "ltu", "leu", "gtu", "geu", "num", "nan"});
  type = d.takeType();
  bool ftz = d.take("ftz");
  if ((ftz && type != Type::F32) || (index >= 10 && !isFloat(type)) ||
      (index >= 6 && index < 10 && !isUnsigned(type)) || (isBits(type) && index > 1))
    d.error("the comparison does not fit the type");
  switch (index) {
  case 0:
    return pick<Equal>(type, ftz);
  case 1:
    return pick<NotEqual>(type, ftz);
  case 2:
  case 6:
    return pick<Less>(type, ftz);
  case 3:
  case 7:
    return pick<LessEqual>(type, ftz);
  case 4:
  case 8:
    return pick<Greater>(type, ftz);
  case 5:
  case 9:
    return pick<GreaterEqual>(type, ftz);
  case 10:
    return pick<OrNan<Equal>>(type, ftz);
  case 11:
    return pick<OrNan<NotEqual>>(type, ftz);
  case 12:
    return pick<OrNan<Less>>(type, ftz);
  case 13:
    return pick<OrNan<LessEqual>>(type, ftz);
  case 14:
    return pick<OrNan<Greater>>(type, ftz);
  case 15:
    return pick<OrNan<GreaterEqual>>(type, ftz);
  case 16:
    return pick<BothNumbers>(type, ftz);
  default:
    return pick<AnyNan>(type, ftz);
  }
}

/// Appends the comparison of two operands from `first` on, combined with one more if there is one.
void emitComparison(Decoding &d, Handler handler, Type type, Combine how, size_t first,
                    const ptx::Operand &p, const ptx::Operand &q) {
  LaneMask flip = 0;
  Slot a = d.use(first, type), b = d.use(first + 1, type);
  Slot c = how == Combine::None ? d.symbols.always() : d.usePredicate(d.operand(first + 2), flip);
  Operation &operation =
      d.emit(handler, {d.define(p, Type::Pred), d.define(q, Type::Pred), a, b, c});
  operation.instruction.mode = uint8_t(how);
  operation.instruction.immediate = flip;
}

Combine takeCombine(Decoding &d) { return Combine(d.takeOneOf({"and", "or", "xor"}) + 1); }

void decodeSetPredicate(Decoding &d) {
  Type type;
  Handler handler = takeComparison(d, type);
  if (!handler)
    d.badType(type);
  Combine how = takeCombine(d);
  d.expectOperands(how == Combine::None ? 3 : 4);
  ptx::Operand sink;
  bool isPair = d.operand(0).kind == ptx::Operand::Kind::Pair;
  const ptx::Operand &p = isPair ? d.operand(0).elements[0] : d.operand(0);
  const ptx::Operand &q = isPair ? d.operand(0).elements[1] : sink;
  emitComparison(d, handler, type, how, 1, p, q);
}

/// operands[0] = operands[1] where the predicate operands[2] holds, else 0. `immediate`: the value
/// for true.
void expandPredicate(Warp &warp, const Instruction &in, LaneMask mask) {
  LaneMask predicate = warp.predicate(in.operands[1]);
  auto yes = uint32_t(in.immediate);
  assignLanes(warp.lanes<uint32_t>(in.operands[0]), mask,
              [=](unsigned lane) { return isActive(predicate, lane) ? yes : 0; });
}

/// `set.cmp.dtype.stype`: all ones, or 1.0, where the comparison holds.
void decodeSet(Decoding &d) {
  Combine how = takeCombine(d);
  Type result = d.takeType({Type::U32, Type::S32, Type::F32}), type;
  Handler handler = takeComparison(d, type);
  if (!handler || type == Type::F16x2 || type == Type::BF16x2)
    d.badType(type);
  d.expectOperands(how == Combine::None ? 3 : 4);
  Slot predicate = d.symbols.addSlot(1);
  LaneMask flip = 0;
  Slot a = d.use(1, type), b = d.use(2, type);
  Slot c = how == Combine::None ? d.symbols.always() : d.usePredicate(d.operand(3), flip);
  Operation &compare = d.emit(handler, {predicate, d.symbols.sink(1), a, b, c});
  compare.instruction.mode = uint8_t(how);
  compare.instruction.immediate = flip;
  d.emit(expandPredicate, {d.define(0, result), predicate}).instruction.immediate =
      result == Type::F32 ? 0x3f800000 : 0xffffffff;
}

template <typename Storage> void select(Warp &warp, const Instruction &in, LaneMask mask) {
  const Storage *a = warp.lanes<Storage>(in.operands[1]), *b = warp.lanes<Storage>(in.operands[2]);
  LaneMask predicate = warp.predicate(in.operands[3]) ^ LaneMask(in.immediate);
  assignLanes(warp.lanes<Storage>(in.operands[0]), mask,
              [=](unsigned lane) { return isActive(predicate, lane) ? a[lane] : b[lane]; });
}

void decodeSelect(Decoding &d) {
  Type type = d.takeType();
  unsigned width = bitWidth(type);
  if (width != 16 && width != 32 && width != 64)
    d.badType(type);
  d.expectOperands(4);
  LaneMask flip;
  Slot a = d.use(1, type), b = d.use(2, type), p = d.usePredicate(d.operand(3), flip);
  d.emit(width == 64 ? select<uint64_t> : select<uint32_t>, {d.define(0, type), a, b, p})
      .instruction.immediate = flip;
}

enum class FloatClass : uint8_t { Finite, Infinite, Number, NotANumber, Normal, Subnormal };

template <typename T> bool isOfClass(T value, FloatClass which) {
  switch (which) {
  case FloatClass::Finite:
    return std::isfinite(value);
  case FloatClass::Infinite:
    return std::isinf(value);
  case FloatClass::Number:
    return !std::isnan(value);
  case FloatClass::NotANumber:
    return std::isnan(value);
  case FloatClass::Normal:
    return std::isnormal(value);
  case FloatClass::Subnormal:
    return std::fpclassify(value) == FP_SUBNORMAL;
  }
  return false;
}

template <typename T> void testProperty(Warp &warp, const Instruction &in, LaneMask mask) {
  using Storage = typename Element<T>::Storage;
  const Storage *a = warp.lanes<Storage>(in.operands[1]);
  LaneMask result = 0;
  for (unsigned lane = 0; lane < kWarpSize; ++lane)
    result |= LaneMask(isOfClass(Element<T>::get(a[lane]), FloatClass(in.mode))) << lane;
  assignPredicate(warp.predicate(in.operands[0]), mask, result);
}

void decodeTestProperty(Decoding &d) {
  int which = d.needOneOf({"finite", "infinite", "number", "notanumber", "normal", "subnormal"});
  Type type = d.takeType({Type::F32, Type::F64});
  d.expectOperands(2);
  Slot a = d.use(1, type);
  d.emit(type == Type::F64 ? testProperty<double> : testProperty<float>,
         {d.define(0, Type::Pred), a})
      .instruction.mode = uint8_t(which);
}

} // namespace

void emulator::addComparisons(DecoderTable &table) {
  table["setp"] = decodeSetPredicate;
  table["set"] = decodeSet;
  table["selp"] = decodeSelect;
  table["testp"] = decodeTestProperty;
}
