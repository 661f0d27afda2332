//===- LoadsAndStores.cpp - ld and st -------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Block.h"
#include "runtime/emulator/exec/MemoryAccess.h"
#include "runtime/emulator/instructions/Decoders.h"
#include "runtime/emulator/instructions/Element.h"
#include "runtime/emulator/instructions/MemoryDecoding.h"
#include <cstring>

using namespace qopt;
using namespace qopt::emulator;

namespace {

/// Operands: `count` results, the address. Elements in memory are `Loaded`, registers `Register`.
template <typename Loaded, typename Register>
void load(Warp &warp, const Instruction &in, LaneMask mask) {
  using Storage = typename Element<Register>::Storage;
  Addresses addresses = readAddresses(warp, in, in.count);
  ResolvedAccess access;
  resolve(warp, in, mask, AccessKind::Load, addresses, access);
  for (unsigned i = 0; i < in.count; ++i) {
    Storage *to = warp.lanes<Storage>(in.operands[i]);
    auto loadLane = [&](unsigned lane) {
      Loaded value;
      memcpy(&value, access.pointers[lane] + i * sizeof(Loaded), sizeof(Loaded));
      to[lane] = Storage(Register(value)); // extended as Loaded says
    };
    if (mask == kAllLanes)
      for (unsigned lane = 0; lane < kWarpSize; ++lane)
        loadLane(lane);
    else
      forEachLane(mask, loadLane);
  }
}

/// Operands: the address, `count` values.
template <typename Stored, typename Storage>
void store(Warp &warp, const Instruction &in, LaneMask mask) {
  Addresses addresses = readAddresses(warp, in, 0);
  ResolvedAccess access;
  resolve(warp, in, mask, AccessKind::Store, addresses, access);
  Stored values[kWarpSize][16 / sizeof(Stored)];
  for (unsigned i = 0; i < in.count; ++i) {
    const Storage *from = warp.lanes<Storage>(in.operands[1 + i]);
    for (unsigned lane = 0; lane < kWarpSize; ++lane)
      values[lane][i] = Stored(from[lane]);
  }
  forEachLane(mask & ~access.sharedLanes,
              [&](unsigned lane) { memcpy(access.pointers[lane], values[lane], in.size); });
  forEachLane(mask & access.sharedLanes, [&](unsigned lane) {
    warp.block.shared.write(warp.index, access.offsets[lane], lane,
                            reinterpret_cast<const std::byte *>(values[lane]), in.size);
  });
}

void doNothing(Warp &, const Instruction &, LaneMask) {}

template <typename Loaded> Handler pickLoad(unsigned registerBits) {
  if (registerBits == 64)
    return load<Loaded, uint64_t>;
  if (registerBits == 16)
    return load<Loaded, uint16_t>;
  return load<Loaded, uint32_t>;
}

Handler pickLoad(Type type, unsigned registerBits) {
  bool extendsSign = isSigned(type);
  switch (bitWidth(type)) {
  case 8:
    return extendsSign ? pickLoad<int8_t>(registerBits) : pickLoad<uint8_t>(registerBits);
  case 16:
    return extendsSign ? pickLoad<int16_t>(registerBits) : pickLoad<uint16_t>(registerBits);
  case 32:
    return extendsSign ? pickLoad<int32_t>(registerBits) : pickLoad<uint32_t>(registerBits);
  default:
    return load<uint64_t, uint64_t>;
  }
}

template <typename Stored> Handler pickStore(unsigned registerBits) {
  return registerBits == 64 ? store<Stored, uint64_t> : store<Stored, uint32_t>;
}

Handler pickStore(Type type, unsigned registerBits) {
  switch (bitWidth(type)) {
  case 8:
    return pickStore<uint8_t>(registerBits);
  case 16:
    return pickStore<uint16_t>(registerBits);
  case 32:
    return pickStore<uint32_t>(registerBits);
  default:
    return store<uint64_t, uint64_t>;
  }
}

/// What orders and caches accesses: here all are in order, and nothing is cached.
void takeOrderAndCaching(Decoding &d) {
  d.takeOneOf({"weak", "volatile", "relaxed", "acquire", "release"});
  d.takeOneOf({"cta", "gpu", "sys"});
  d.takeOneOf({"ca", "cg", "cs", "lu", "cv", "wb", "wt"});
  if (d.has("L2::cache_hint"))
    d.error("the emulator does not know cache policies");
  while (d.takePrefix("L1::") || d.takePrefix("L2::")) {
  }
}

/// Takes the vector width and type; checks them against the operand in braces.
Type takeVectorType(Decoding &d, size_t operand, unsigned &count) {
  int vector = d.takeOneOf({"v2", "v4"});
  count = vector < 0 ? 1 : (vector == 0 ? 2 : 4);
  Type type = d.takeType();
  bool isVector = d.operand(operand).kind == ptx::Operand::Kind::Vector;
  if (isVector != (count > 1) || (isVector && d.elements(operand).size() != count))
    d.error("the registers do not fit the vector");
  if (type == Type::Pred || bitWidth(type) > 64 || bitWidth(type) * count > 128)
    d.badType(type);
  return type;
}

/// All registers of a vector have the width of the first.
void checkSameWidth(Decoding &d, unsigned first, unsigned width) {
  if (first != 0 && first != width)
    d.error("the registers differ in width");
}

void decodeLoad(Decoding &d) {
  takeOrderAndCaching(d);
  d.take("nc");
  ptx::Space space = takeMemorySpace(d);
  d.expectOperands(2);
  unsigned count, registerBits = 0;
  Type type = takeVectorType(d, 0, count);
  Decoding::Address address = d.address(1);
  std::vector<Slot> slots;
  for (const ptx::Operand &element : d.elements(0)) {
    unsigned width;
    slots.push_back(d.defineWide(element, type, width));
    if (element.kind != ptx::Operand::Kind::Register)
      continue;
    checkSameWidth(d, registerBits, width);
    registerBits = width;
  }
  slots.push_back(address.base);
  if (registerBits == 0) // only sinks
    registerBits = std::max(bitWidth(type), 32u);
  Operation &operation = d.emit(pickLoad(type, registerBits), slots);
  operation.instruction.count = uint8_t(count);
  setAddress(d, operation, address, space, bitWidth(type) / 8 * count);
}

void decodeStore(Decoding &d) {
  takeOrderAndCaching(d);
  ptx::Space space = takeMemorySpace(d);
  d.expectOperands(2);
  unsigned count, registerBits = 0;
  Type type = takeVectorType(d, 1, count);
  Decoding::Address address = d.address(0);
  std::vector<Slot> slots = {address.base};
  for (const ptx::Operand &element : d.elements(1)) {
    unsigned width;
    slots.push_back(d.useWide(element, type, width));
    checkSameWidth(d, registerBits, width);
    registerBits = width;
  }
  Operation &operation = d.emit(pickStore(type, registerBits), slots);
  operation.instruction.count = uint8_t(count);
  setAddress(d, operation, address, space, bitWidth(type) / 8 * count);
}

/// `prefetch.global.L2 [a];`, `prefetchu.L1 [a];`, `discard.global.L2 [a], 128;`
void decodePrefetch(Decoding &d) {
  d.takeOneOf({"global", "local", "param", "const"});
  d.needOneOf({"L1", "L2", "tensormap"});
  d.expectOperands(1, 2);
  d.address(0);
  d.emit(doNothing, {});
}

} // namespace

ptx::Space emulator::takeMemorySpace(Decoding &d) {
  switch (d.takeOneOf({"global", "const", "shared", "shared::cta", "local", "param", "param::entry",
                       "param::func"})) {
  case 0:
    return ptx::Space::Global;
  case 1:
    return ptx::Space::Const;
  case 2:
  case 3:
    return ptx::Space::Shared;
  case 4:
    return ptx::Space::Local;
  case 5:
  case 6:
  case 7:
    return ptx::Space::Param;
  default:
    return ptx::Space::Generic;
  }
}

void emulator::setAddress(Decoding &d, Operation &operation, const Decoding::Address &address,
                          ptx::Space space, unsigned size) {
  bool isVariable = address.space != ptx::Space::Generic;
  // Parameters of device functions, and those for calls, are in local memory.
  if (space == ptx::Space::Param &&
      (isVariable ? address.space == ptx::Space::Local : !d.function.isEntry))
    space = ptx::Space::Local;
  if (isVariable && space != ptx::Space::Generic && space != address.space)
    d.error("the variable is in another state space");
  if (isVariable && space == ptx::Space::Generic && address.space != ptx::Space::Global &&
      address.space != ptx::Space::Const)
    space = address.space;
  Instruction &instruction = operation.instruction;
  instruction.immediate = address.offset;
  instruction.narrowAddress = address.isNarrow;
  instruction.space = space;
  instruction.size = uint8_t(size);
}

void emulator::addLoadsAndStores(DecoderTable &table) {
  table["ld"] = decodeLoad;
  table["ldu"] = decodeLoad;
  table["st"] = decodeStore;
  table["prefetch"] = decodePrefetch;
  table["prefetchu"] = decodePrefetch;
}
