//===- PackedConversions.cpp - cvt to and from pairs ----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/instructions/Conversions.h"
#include "runtime/emulator/instructions/Elementwise.h"

using namespace qopt;
using namespace qopt::emulator;

namespace {

/// Two f32, the first to the upper half, rounded to nearest.
template <typename T> void packNearest(Warp &warp, const Instruction &in, LaneMask mask) {
  const uint32_t *a = warp.lanes<uint32_t>(in.operands[1]);
  const uint32_t *b = warp.lanes<uint32_t>(in.operands[2]);
  assignLanes(warp.lanes<uint32_t>(in.operands[0]), mask, [=](unsigned lane) {
    return Element<T>::put(Element<float>::get(a[lane])) << 16 |
           Element<T>::put(Element<float>::get(b[lane]));
  });
}

// The types of a general conversion are in Instruction::immediate.

const FloatFormat &resultFormat(const Instruction &in) {
  return floatFormat(Type(in.immediate & 0xff));
}
const FloatFormat &sourceFormat(const Instruction &in) {
  return floatFormat(Type(in.immediate >> 8));
}

/// Two f32, the first to the upper part of the result.
void packFloats(Warp &warp, const Instruction &in, LaneMask mask) {
  const uint32_t *a = warp.lanes<uint32_t>(in.operands[1]);
  const uint32_t *b = warp.lanes<uint32_t>(in.operands[2]);
  const FloatFormat &format = resultFormat(in);
  ConversionFlags flags = unpackFlags(in.mode);
  unsigned width = format.signBit + 1;
  forEachLane(mask, [&](unsigned lane) {
    uint32_t high = encodeFloat(Element<float>::get(a[lane]), format, flags);
    uint32_t low = encodeFloat(Element<float>::get(b[lane]), format, flags);
    warp.lanes<uint32_t>(in.operands[0])[lane] = high << width | low;
  });
}

/// Pairs to pairs.
void convertPair(Warp &warp, const Instruction &in, LaneMask mask) {
  const uint32_t *a = warp.lanes<uint32_t>(in.operands[1]);
  const FloatFormat &to = resultFormat(in), &from = sourceFormat(in);
  ConversionFlags flags = unpackFlags(in.mode);
  unsigned toWidth = to.signBit + 1, fromWidth = from.signBit + 1;
  uint32_t sourceMask = (1u << fromWidth) - 1;
  forEachLane(mask, [&](unsigned lane) {
    uint32_t low = encodeFloat(decodeFloat(a[lane] & sourceMask, from), to, flags);
    uint32_t high = encodeFloat(decodeFloat((a[lane] >> fromWidth) & sourceMask, from), to, flags);
    warp.lanes<uint32_t>(in.operands[0])[lane] = high << toWidth | low;
  });
}

bool isEightBitPair(Type type) { return type == Type::E4M3x2 || type == Type::E5M2x2; }

void packIntegers(Warp &warp, const Instruction &in, LaneMask mask) {
  const uint32_t *a = warp.lanes<uint32_t>(in.operands[1]);
  const uint32_t *b = warp.lanes<uint32_t>(in.operands[2]);
  const uint32_t *c = warp.lanes<uint32_t>(in.operands[3]);
  unsigned width = in.count;
  bool isSigned = in.mode;
  int32_t most = int32_t((1u << (width - isSigned)) - 1), least = isSigned ? -most - 1 : 0;
  uint32_t field = (1u << width) - 1;
  assignLanes(warp.lanes<uint32_t>(in.operands[0]), mask, [=](unsigned lane) {
    uint32_t high = uint32_t(std::clamp(int32_t(a[lane]), least, most)) & field;
    uint32_t low = uint32_t(std::clamp(int32_t(b[lane]), least, most)) & field;
    uint32_t rest = width == 16 ? 0 : c[lane] << (2 * width);
    return rest | high << width | low;
  });
}

} // namespace

bool emulator::isPackedConversion(const Decoding &d) {
  for (std::string_view name : {"f16x2", "bf16x2", "e4m3x2", "e5m2x2"})
    if (d.has(name))
      return true;
  return false;
}

void emulator::decodePackedConversion(Decoding &d) {
  int mode = d.needOneOf({"rn", "rz"});
  ConversionFlags flags;
  flags.rounding = mode == 0 ? Rounding::NearestEven : Rounding::TowardZero;
  flags.satfinite = d.take("satfinite");
  flags.relu = d.take("relu");
  Type to = d.takeType({Type::F16x2, Type::BF16x2, Type::E4M3x2, Type::E5M2x2});
  Type from = d.takeType({Type::F32, Type::F16x2, Type::E4M3x2, Type::E5M2x2});
  if (isEightBitPair(to) ? !flags.satfinite || mode != 0 || isEightBitPair(from)
                         : from == Type::F16x2 || (isEightBitPair(from) && to != Type::F16x2))
    d.error("the emulator does not know this conversion");

  bool isPlain = mode == 0 && !flags.satfinite && !flags.relu;
  std::vector<Slot> slots = {0};
  Handler handler;
  if (from == Type::F32) {
    d.expectOperands(3);
    slots.push_back(d.use(1, from));
    slots.push_back(d.use(2, from));
    handler = !isPlain             ? packFloats
              : to == Type::F16x2  ? packNearest<F16>
              : to == Type::BF16x2 ? packNearest<BF16>
                                   : packFloats;
  } else {
    d.expectOperands(2);
    slots.push_back(d.use(1, from));
    handler = convertPair;
  }
  slots[0] = d.define(0, to);
  Operation &operation = d.emit(handler, slots);
  operation.instruction.mode = packFlags(flags);
  operation.instruction.immediate = int64_t(to) | int64_t(from) << 8;
}

/// `cvt.pack.sat.s8.s32.b32 d, a, b, c`: a above b above what c has below.
void emulator::decodeIntegerPacking(Decoding &d) {
  d.take("pack");
  d.needOneOf({"sat"});
  Type to = d.takeType({Type::U8, Type::S8, Type::U16, Type::S16});
  d.takeType({Type::S32});
  bool hasThird = bitWidth(to) == 8;
  if (hasThird)
    d.takeType({Type::B32});
  d.expectOperands(hasThird ? 4 : 3);
  Slot a = d.use(1, Type::S32), b = d.use(2, Type::S32);
  Slot c = hasThird ? d.use(3, Type::B32) : d.symbols.constant(32, 0);
  Operation &operation = d.emit(packIntegers, {d.define(0, Type::B32), a, b, c});
  operation.instruction.mode = isSigned(to);
  operation.instruction.count = uint8_t(bitWidth(to));
}
