//===- Moves.cpp - mov, and addresses between state spaces ----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Block.h"
#include "runtime/emulator/instructions/Decoders.h"
#include "runtime/emulator/instructions/Decoding.h"
#include "runtime/emulator/instructions/Element.h"
#include <chrono>

using namespace qopt;
using namespace qopt::emulator;
using Kind = ptx::Operand::Kind;

namespace {

template <typename Storage> void move(Warp &warp, const Instruction &in, LaneMask mask) {
  const Storage *a = warp.lanes<Storage>(in.operands[1]);
  assignLanes(warp.lanes<Storage>(in.operands[0]), mask, [=](unsigned lane) { return a[lane]; });
}

void movePredicate(Warp &warp, const Instruction &in, LaneMask mask) {
  LaneMask &to = warp.predicate(in.operands[0]);
  to = (to & ~mask) | (warp.predicate(in.operands[1]) & mask);
}

/// `count` elements, the first lowest, to one register. All sources are read before anything is
/// written.
template <typename Part, typename Whole>
void pack(Warp &warp, const Instruction &in, LaneMask mask) {
  constexpr unsigned width = 8 * sizeof(Part);
  const uint32_t *parts[8];
  for (unsigned i = 0; i < in.count; ++i)
    parts[i] = warp.lanes<uint32_t>(in.operands[1 + i]);
  unsigned count = in.count;
  assignLanes(warp.lanes<Whole>(in.operands[0]), mask, [&](unsigned lane) {
    Whole whole = 0;
    for (unsigned i = 0; i < count; ++i)
      whole |= Whole(Part(parts[i][lane])) << (width * i);
    return whole;
  });
}

/// The reverse: the source is the last operand.
template <typename Part, typename Whole>
void unpack(Warp &warp, const Instruction &in, LaneMask mask) {
  constexpr unsigned width = 8 * sizeof(Part);
  Whole whole[kWarpSize];
  std::copy_n(warp.lanes<Whole>(in.operands[in.count]), kWarpSize, whole);
  for (unsigned i = 0; i < in.count; ++i)
    assignLanes(warp.lanes<uint32_t>(in.operands[i]), mask,
                [&](unsigned lane) { return uint32_t(Part(whole[lane] >> (width * i))); });
}

template <unsigned PartBits> struct PartOf;
template <> struct PartOf<8> {
  using type = uint8_t;
};
template <> struct PartOf<16> {
  using type = uint16_t;
};
template <> struct PartOf<32> {
  using type = uint32_t;
};

template <unsigned PartBits> Handler pickPack(bool packs, unsigned wholeBits) {
  using Part = typename PartOf<PartBits>::type;
  if (packs)
    return wholeBits == 64 ? pack<Part, uint64_t> : pack<Part, uint32_t>;
  return wholeBits == 64 ? unpack<Part, uint64_t> : unpack<Part, uint32_t>;
}

/// `mov.b64 d, {a, b};` and `mov.b64 {a, b}, d;`
void decodeVectorMove(Decoding &d, Type type, bool packs) {
  std::vector<ptx::Operand> parts = d.elements(packs ? 1 : 0);
  unsigned whole = bitWidth(type);
  unsigned part = parts.empty() ? 0 : whole / unsigned(parts.size());
  bool isKnown = isBits(type) && part * parts.size() == whole && parts.size() > 1;
  if (!isKnown || (part != 8 && part != 16 && part != 32))
    d.error("the parts do not make up the whole");
  Type partType = part == 8 ? Type::B8 : (part == 16 ? Type::B16 : Type::B32);
  std::vector<Slot> slots;
  if (packs) {
    for (const ptx::Operand &operand : parts)
      slots.push_back(d.use(operand, partType));
    slots.insert(slots.begin(), d.define(0, type));
  } else {
    Slot source = d.use(1, type);
    for (const ptx::Operand &operand : parts)
      slots.push_back(d.define(operand, partType));
    slots.push_back(source);
  }
  Handler handler = part == 8    ? pickPack<8>(packs, whole)
                    : part == 16 ? pickPack<16>(packs, whole)
                                 : pickPack<32>(packs, whole);
  d.emit(handler, slots).instruction.count = uint8_t(parts.size());
}

/// Clocks count instructions of the block; the timer is the host's, in nanoseconds.
template <typename Storage> void readTime(Warp &warp, const Instruction &in, LaneMask mask) {
  uint64_t now = warp.block.statistics.warpInstructions;
  if (SpecialRegister(in.mode) == SpecialRegister::GlobalTimer)
    now = uint64_t(std::chrono::duration_cast<std::chrono::nanoseconds>(
                       std::chrono::steady_clock::now().time_since_epoch())
                       .count());
  assignLanes(warp.lanes<Storage>(in.operands[0]), mask, [=](unsigned) { return Storage(now); });
}

bool decodeTime(Decoding &d, Type type) {
  std::optional<SpecialRegister> name;
  if (d.operand(1).kind == Kind::SpecialRegister)
    name = parseSpecialRegister(d.operand(1).name);
  if (!name || !changesOverTime(*name))
    return false;
  if (bitWidth(type) != bitWidth(*name))
    d.badType(type);
  d.emit(bitWidth(type) == 64 ? readTime<uint64_t> : readTime<uint32_t>, {d.define(0, type)})
      .instruction.mode = uint8_t(*name);
  return true;
}

void decodeMove(Decoding &d) {
  Type type = d.takeType();
  unsigned width = bitWidth(type);
  if (width == 8 || width > 64)
    d.badType(type);
  d.expectOperands(2);
  bool toVector = d.operand(0).kind == Kind::Vector, fromVector = d.operand(1).kind == Kind::Vector;
  if (toVector || fromVector) {
    if (toVector && fromVector)
      d.error("one operand must be a single register");
    return decodeVectorMove(d, type, fromVector);
  }
  if (decodeTime(d, type))
    return;
  Slot source = d.use(1, type);
  Handler handler = width == 1 ? movePredicate : (width == 64 ? move<uint64_t> : move<uint32_t>);
  d.emit(handler, {d.define(0, type), source});
}

uint64_t windowOf(ptx::Space space) {
  switch (space) {
  case ptx::Space::Shared:
    return kSharedWindow;
  case ptx::Space::Local:
    return kLocalWindow;
  case ptx::Space::Param:
    return kParamWindow;
  default:
    return 0; // addresses in global memory are generic ones
  }
}

ptx::Space takeSpace(Decoding &d) {
  // A cluster has one block: its shared memory is the block's.
  switch (d.needOneOf(
      {"global", "const", "shared", "shared::cta", "shared::cluster", "local", "param"})) {
  case 0:
  case 1:
    return ptx::Space::Global;
  case 2:
  case 3:
  case 4:
    return ptx::Space::Shared;
  case 5:
    return ptx::Space::Local;
  default:
    return ptx::Space::Param;
  }
}

/// Adds `immediate`, the window, or takes it away.
void convertAddress(Warp &warp, const Instruction &in, LaneMask mask) {
  const uint64_t *a = warp.lanes<uint64_t>(in.operands[1]);
  auto window = uint64_t(in.immediate);
  assignLanes(warp.lanes<uint64_t>(in.operands[0]), mask,
              [=](unsigned lane) { return a[lane] + window; });
}

void decodeConvertAddress(Decoding &d) {
  bool toSpace = d.take("to");
  uint64_t window = windowOf(takeSpace(d));
  Type type = d.takeType({Type::U64}); // generic addresses have 64 bits
  d.expectOperands(2);
  Slot a = d.use(1, type);
  d.emit(window == 0 ? move<uint64_t> : convertAddress, {d.define(0, type), a})
      .instruction.immediate = int64_t(toSpace ? 0 - window : window);
}

void isInSpace(Warp &warp, const Instruction &in, LaneMask mask) {
  const uint64_t *a = warp.lanes<uint64_t>(in.operands[1]);
  auto window = uint64_t(in.immediate);
  LaneMask result = 0;
  forEachLane(mask, [&](unsigned lane) {
    uint64_t found = a[lane] & kWindowMask;
    bool isGlobal = found <= kGlobalWindow;
    result |= LaneMask(window == 0 ? isGlobal : found == window) << lane;
  });
  LaneMask &to = warp.predicate(in.operands[0]);
  to = (to & ~mask) | result;
}

void decodeIsInSpace(Decoding &d) {
  uint64_t window = windowOf(takeSpace(d));
  d.expectOperands(2);
  Slot a = d.use(1, Type::B64);
  d.emit(isInSpace, {d.define(0, Type::Pred), a}).instruction.immediate = int64_t(window);
}

} // namespace

void emulator::addMoves(DecoderTable &table) {
  table["mov"] = decodeMove;
  table["cvta"] = decodeConvertAddress;
  table["isspacep"] = decodeIsInSpace;
}
