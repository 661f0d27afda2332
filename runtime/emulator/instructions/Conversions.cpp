//===- Conversions.cpp - cvt between single values ------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/instructions/Conversions.h"

#include "runtime/emulator/instructions/Decoders.h"
#include "runtime/emulator/instructions/Elementwise.h"

using namespace qopt;
using namespace qopt::emulator;

namespace {

/// What Instruction::immediate of a conversion holds.
struct Conversion {
  uint8_t resultBits = 0; ///< of an integer result
  bool resultSigned = false;
  bool saturate = false;
  bool flushInput = false;
  Rounding rounding = Rounding::NearestEven;
  uint8_t registerBits = 0;    ///< to which an integer result is extended
  Type resultType = Type::B32; ///< of a float result
  bool flushResult = false;
};
static_assert(sizeof(Conversion) == sizeof(int64_t));

Conversion read(const Instruction &in) { return std::bit_cast<Conversion>(in.immediate); }

/// An integer result, as it lies in its register: extended as its type says.
template <typename Storage> Storage extend(uint64_t bits, const Conversion &c) {
  unsigned unused = 64 - c.resultBits, above = 64 - c.registerBits;
  bits <<= unused;
  bits = c.resultSigned ? uint64_t(int64_t(bits) >> unused) : bits >> unused;
  return Storage(bits << above >> above);
}

template <typename S> using Widest = std::conditional_t<std::is_signed_v<S>, int64_t, uint64_t>;

/// The nearest value that the result type has.
template <typename Wide> uint64_t clampTo(Wide value, const Conversion &c) {
  uint64_t most = ~uint64_t(0) >> (64 - c.resultBits + c.resultSigned);
  int64_t least = c.resultSigned ? -int64_t(most) - 1 : 0;
  if constexpr (std::is_signed_v<Wide>) {
    if (value < least)
      return uint64_t(least);
    if (value < 0)
      return uint64_t(value);
  }
  return std::min(uint64_t(value), most);
}

template <typename S, typename Storage>
void integerToInteger(Warp &warp, const Instruction &in, LaneMask mask) {
  using Source = typename Element<S>::Storage;
  const Source *a = warp.lanes<Source>(in.operands[1]);
  Conversion c = read(in);
  Storage *to = warp.lanes<Storage>(in.operands[0]);
  if (c.saturate)
    assignLanes(to, mask, [=](unsigned lane) {
      return extend<Storage>(clampTo(Widest<S>(S(a[lane])), c), c);
    });
  else
    assignLanes(to, mask,
                [=](unsigned lane) { return extend<Storage>(uint64_t(Widest<S>(S(a[lane]))), c); });
}

double roundToInteger(double value, Rounding rounding) {
  switch (rounding) {
  case Rounding::TowardZero:
    return std::trunc(value);
  case Rounding::Down:
    return std::floor(value);
  case Rounding::Up:
    return std::ceil(value);
  default:
    return std::nearbyint(value);
  }
}

/// Values out of range become the nearest in it; PTX says what a NaN becomes.
uint64_t floatToBits(double value, const Conversion &c, bool isFromDouble) {
  if (std::isnan(value))
    return isFromDouble || c.resultBits == 64 ? uint64_t(1) << (c.resultBits - 1) : 0;
  double rounded = roundToInteger(value, c.rounding);
  double least = c.resultSigned ? -std::ldexp(1, c.resultBits - 1) : 0;
  double beyond = std::ldexp(1, c.resultBits - c.resultSigned);
  if (rounded < least)
    return c.resultSigned ? uint64_t(1) << (c.resultBits - 1) : 0;
  if (rounded >= beyond)
    return ~uint64_t(0) >> (64 - c.resultBits + c.resultSigned);
  return rounded < 0 ? uint64_t(int64_t(rounded)) : uint64_t(rounded);
}

template <typename S, typename Storage>
void floatToInteger(Warp &warp, const Instruction &in, LaneMask mask) {
  using Source = typename Element<S>::Storage;
  const Source *a = warp.lanes<Source>(in.operands[1]);
  Conversion c = read(in);
  Storage *to = warp.lanes<Storage>(in.operands[0]);
  forEachLane(mask, [&](unsigned lane) {
    auto value = Element<S>::get(a[lane]);
    if constexpr (std::is_same_v<S, float>)
      value = c.flushInput ? flush(value) : value;
    to[lane] = extend<Storage>(floatToBits(value, c, std::is_same_v<S, double>), c);
  });
}

/// To f32 and f64 the processor rounds, in the mode that is set; `.sat` cuts at 0 and 1.
template <typename S, typename D>
void integerToFloat(Warp &warp, const Instruction &in, LaneMask mask) {
  using Source = typename Element<S>::Storage;
  const Source *a = warp.lanes<Source>(in.operands[1]);
  bool saturate = read(in).saturate;
  assignLanes(warp.lanes<typename Element<D>::Storage>(in.operands[0]), mask, [=](unsigned lane) {
    D value = D(S(a[lane]));
    return Element<D>::put(saturate ? std::min(std::max(value, D(0)), D(1)) : value);
  });
}

/// An integer of 64 bits as a double, rounded to odd: one more rounding is right.
template <typename Wide> double toDoubleOdd(Wide value) {
  // The lowest of the bits that stay says whether any that go was set.
  bool isExact = double(value) < 0x1p63 && Wide(double(value)) == value;
  return isExact ? double(value) : double((value >> 11) | ((value & 0x7ff) != 0)) * 2048.0;
}

template <typename S> void integerToHalf(Warp &warp, const Instruction &in, LaneMask mask) {
  using Source = typename Element<S>::Storage;
  const Source *a = warp.lanes<Source>(in.operands[1]);
  Conversion c = read(in);
  const FloatFormat &format = floatFormat(c.resultType);
  forEachLane(mask, [&](unsigned lane) {
    warp.lanes<uint32_t>(in.operands[0])[lane] =
        encodeFloat(toDoubleOdd(Widest<S>(S(a[lane]))), format, {c.rounding, c.saturate});
  });
}

/// Exact widening to f32, and to f64.
template <typename S, typename D> void widen(Warp &warp, const Instruction &in, LaneMask mask) {
  using Source = typename Element<S>::Storage;
  const Source *a = warp.lanes<Source>(in.operands[1]);
  assignLanes(warp.lanes<typename Element<D>::Storage>(in.operands[0]), mask,
              [=](unsigned lane) { return Element<D>::put(D(Element<S>::get(a[lane]))); });
}

/// Rounding of f32 to nearest.
template <typename D> void narrow(Warp &warp, const Instruction &in, LaneMask mask) {
  const uint32_t *a = warp.lanes<uint32_t>(in.operands[1]);
  assignLanes(warp.lanes<uint32_t>(in.operands[0]), mask,
              [=](unsigned lane) { return Element<D>::put(Element<float>::get(a[lane])); });
}

/// Between floats with whatever modifiers; Instruction::mode holds the flags.
template <typename S> void floatToFloat(Warp &warp, const Instruction &in, LaneMask mask) {
  using Source = typename Element<S>::Storage;
  const Source *a = warp.lanes<Source>(in.operands[1]);
  Conversion c = read(in);
  ConversionFlags flags = unpackFlags(in.mode);
  const FloatFormat &format = floatFormat(c.resultType);
  forEachLane(mask, [&](unsigned lane) {
    double value = Element<S>::get(a[lane]);
    if (c.flushInput && std::is_same_v<S, float>)
      value = flush(float(value));
    uint32_t code = encodeFloat(value, format, flags);
    bool isSubnormal = c.flushResult && (code & 0x7f800000) == 0;
    warp.lanes<uint32_t>(in.operands[0])[lane] = isSubnormal ? code & 0x80000000 : code;
  });
}

/// `cvt.rni.f32.f32`: to a whole number of the same type.
template <typename S> void roundInPlace(Warp &warp, const Instruction &in, LaneMask mask) {
  using Source = typename Element<S>::Storage;
  const Source *a = warp.lanes<Source>(in.operands[1]);
  Conversion c = read(in);
  forEachLane(mask, [&](unsigned lane) {
    auto value = Element<S>::get(a[lane]);
    if constexpr (std::is_same_v<S, float>)
      value = c.flushInput ? flush(value) : value;
    auto rounded = decltype(value)(roundToInteger(value, c.rounding));
    if (c.saturate)
      rounded = rounded > 0 ? (rounded < 1 ? rounded : 1) : 0;
    warp.lanes<Source>(in.operands[0])[lane] = Element<S>::put(rounded);
  });
}

/// function(Tag<T>()) for the integer types of `cvt`.
template <typename Function> bool forConvertible(Type type, Function function) {
  if (type == Type::U8)
    return function(Tag<uint8_t>()), true;
  if (type == Type::S8)
    return function(Tag<int8_t>()), true;
  return isInteger(type) && forIntegerType(type, function);
}

/// The same for floats that one register holds one of.
template <typename Function> bool forSingleFloat(Type type, Function function) {
  switch (type) {
  case Type::F16:
    return function(Tag<F16>()), true;
  case Type::BF16:
    return function(Tag<BF16>()), true;
  case Type::F32:
    return function(Tag<float>()), true;
  case Type::F64:
    return function(Tag<double>()), true;
  default:
    return false;
  }
}

class ConversionDecoder {
public:
  explicit ConversionDecoder(Decoding &d) : d(d) {}
  void decode();

private:
  void fromInteger();
  void fromFloat();
  void emit(Handler handler, Type resultRegister);
  void takeModifiers();
  Handler pickFloatToFloat();

  Decoding &d;
  Conversion c;
  ConversionFlags flags;
  Type to = Type::B32, from = Type::B32;
  bool isWhole = false; ///< rounds to whole numbers
  bool isRounded = false;
};

void ConversionDecoder::takeModifiers() {
  static constexpr Rounding modes[] = {Rounding::NearestEven, Rounding::TowardZero, Rounding::Down,
                                       Rounding::Up, Rounding::NearestAway};
  int whole = d.takeOneOf({"rni", "rzi", "rmi", "rpi"});
  int rounding = d.takeOneOf({"rn", "rz", "rm", "rp", "rna"});
  isWhole = whole >= 0;
  isRounded = rounding >= 0;
  if (isWhole && isRounded)
    d.error("two rounding modes");
  c.rounding = isWhole ? modes[whole] : (isRounded ? modes[rounding] : Rounding::NearestEven);
  c.saturate = d.take("sat");
  c.flushInput = d.take("ftz");
  flags = {c.rounding, c.saturate, d.take("satfinite"), d.take("relu")};
}

void ConversionDecoder::emit(Handler handler, Type resultType) {
  d.expectOperands(2);
  unsigned width;
  // The source may lie in a wider register; what is above it does not count.
  Slot a = d.useWide(d.operand(1), from, width);
  Slot result = d.defineWide(d.operand(0), resultType, width);
  c.registerBits = uint8_t(d.operand(0).kind == ptx::Operand::Kind::Register ? width : 32);
  Operation &operation = d.emit(handler, {result, a});
  operation.instruction.immediate = std::bit_cast<int64_t>(c);
  operation.instruction.mode = packFlags(flags);
}

void ConversionDecoder::fromInteger() {
  Handler handler = nullptr;
  if (flags.satfinite || flags.relu || c.flushInput || isWhole || isRounded != isFloat(to))
    d.error("these modifiers do not fit a conversion from integers");
  forConvertible(from, [&]<typename S>(Tag<S>) {
    if (isInteger(to)) {
      bool isLong = d.operand(0).kind == ptx::Operand::Kind::Register &&
                    bitWidth(d.function.registers[d.operand(0).reg]) == 64;
      handler = isLong ? integerToInteger<S, uint64_t> : integerToInteger<S, uint32_t>;
    } else if (to == Type::F32) {
      handler = roundedHandler<integerToFloat<S, float>>(c.rounding);
    } else if (to == Type::F64) {
      handler = roundedHandler<integerToFloat<S, double>>(c.rounding);
    } else if (to == Type::F16 || to == Type::BF16) {
      handler = integerToHalf<S>;
    }
  });
  if (!handler)
    d.error("the emulator does not know this conversion");
  emit(handler, to);
}

Handler ConversionDecoder::pickFloatToFloat() {
  Handler handler = nullptr;
  if (isWhole) {
    if (to == from && !flags.satfinite && !flags.relu)
      forSingleFloat(from, [&]<typename S>(Tag<S>) { handler = roundInPlace<S>; });
    return handler;
  }
  bool isPlain = !flags.saturate && !flags.satfinite && !flags.relu && !c.flushInput;
  if (to == Type::F64) {
    if (isPlain && !isRounded)
      forSingleFloat(from, [&]<typename S>(Tag<S>) { handler = widen<S, double>; });
    return handler;
  }
  bool losesBits = from == Type::F64 || floatFormat(from).precision > floatFormat(to).precision ||
                   floatFormat(from).minExponent < floatFormat(to).minExponent;
  if (losesBits && !isRounded)
    return nullptr;
  if (isPlain && to == Type::F32 && (from == Type::F16 || from == Type::BF16))
    return from == Type::F16 ? widen<F16, float> : widen<BF16, float>;
  bool isNearest = isPlain && from == Type::F32 && c.rounding == Rounding::NearestEven;
  if (isNearest && (to == Type::F16 || to == Type::BF16))
    return to == Type::F16 ? narrow<F16> : narrow<BF16>;
  forSingleFloat(from, [&]<typename S>(Tag<S>) { handler = floatToFloat<S>; });
  return handler;
}

void ConversionDecoder::fromFloat() {
  Handler handler = nullptr;
  if (isInteger(to)) {
    if (flags.satfinite || flags.relu || !isWhole)
      d.error("a conversion from floats to integers needs .rni, .rzi, .rmi or .rpi");
    bool isLong = bitWidth(to) == 64 || (d.operand(0).kind == ptx::Operand::Kind::Register &&
                                         bitWidth(d.function.registers[d.operand(0).reg]) == 64);
    forSingleFloat(from, [&]<typename S>(Tag<S>) {
      handler = isLong ? floatToInteger<S, uint64_t> : floatToInteger<S, uint32_t>;
    });
  } else if (to == Type::F16 || to == Type::BF16 || to == Type::F32 || to == Type::TF32 ||
             to == Type::F64) {
    if (from == Type::F16 || from == Type::BF16 || from == Type::F32 || from == Type::F64)
      handler = pickFloatToFloat();
    c.flushResult = c.flushInput && to == Type::F32;
  }
  if (!handler)
    d.error("the emulator does not know this conversion");
  emit(handler, to);
}

void ConversionDecoder::decode() {
  takeModifiers();
  to = d.takeType();
  from = d.takeType();
  c.resultBits = uint8_t(bitWidth(to));
  c.resultSigned = isSigned(to);
  c.resultType = to;
  if (bitWidth(to) < 16 && !isInteger(to))
    d.badType(to);
  isFloat(from) ? fromFloat() : fromInteger();
}

void decodeConversion(Decoding &d) {
  if (d.has("pack"))
    return decodeIntegerPacking(d);
  if (isPackedConversion(d))
    return decodePackedConversion(d);
  ConversionDecoder(d).decode();
}

} // namespace

void emulator::addConversions(DecoderTable &table) { table["cvt"] = decodeConversion; }
