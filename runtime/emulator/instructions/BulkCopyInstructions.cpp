//===- BulkCopyInstructions.cpp - cp.async.bulk ---------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Block.h"
#include "runtime/emulator/exec/MemoryAccess.h"
#include "runtime/emulator/exec/TensorMap.h"
#include "runtime/emulator/instructions/Decoders.h"
#include "runtime/emulator/instructions/MemoryDecoding.h"
#include <algorithm>

using namespace qopt;
using namespace qopt::emulator;

namespace {

/// Addresses among the operands, after each other: each is a slot, and two words that are none.
constexpr unsigned kAddressOperands = 3;

void appendAddress(Decoding &d, size_t operand, std::vector<Slot> &slots, size_t elements = 1) {
  Decoding::Address address = d.address(operand, elements);
  if (address.offset != int32_t(address.offset))
    d.error("an address has an offset of more than 32 bits");
  slots.insert(slots.end(), {address.base, Slot(int32_t(address.offset)), Slot(address.isNarrow)});
}

uint64_t addressAt(Warp &warp, const Instruction &in, unsigned number, unsigned lane) {
  const Slot *operands = in.operands + number * kAddressOperands;
  uint64_t base = operands[2] ? warp.lanes<uint32_t>(operands[0])[lane]
                              : warp.lanes<uint64_t>(operands[0])[lane];
  return base + uint64_t(int64_t(int32_t(operands[1])));
}

/// An offset in shared memory of `bytes` bytes there; generic addresses may name it, too.
uint64_t sharedOffset(Warp &warp, uint64_t address, unsigned lane, uint64_t bytes,
                      uint64_t alignment) {
  uint64_t offset = address & ~kWindowMask, size = warp.block.shared.size();
  if (offset % alignment != 0)
    raise(FaultKind::Misaligned, lane,
          "copies {} bytes at {:#x} of shared memory, which is no multiple of {}", bytes, offset,
          alignment);
  if (bytes > size || offset > size - bytes)
    raise(FaultKind::OutOfBounds, lane,
          "copies {} bytes at {:#x} of shared memory, of which the block has {} bytes", bytes,
          offset, size);
  return offset;
}

/// Where the bytes of one copy lie in global memory; remembers the allocation.
class GlobalPieces {
public:
  GlobalPieces(Warp &warp, unsigned lane, bool isStore)
      : warp(warp), lane(lane), isStore(isStore) {}

  void add(uint64_t offset, uint64_t address, unsigned begin, unsigned end) {
    BulkPiece piece = {offset, nullptr, uint8_t(begin), uint8_t(end)};
    if (begin != end)
      piece.global = find(address, end - begin);
    pieces.push_back(piece);
  }
  std::vector<BulkPiece> take() {
    Statistics &statistics = warp.block.statistics;
    if (warp.block.launch.countAccesses) {
      (isStore ? statistics.globalBytesStored : statistics.globalBytesLoaded) += bytes;
      statistics.globalBytes128 += bytes;
      statistics.globalSectors += sectors;
      ++statistics.globalRequests;
    }
    return std::move(pieces);
  }

private:
  std::byte *find(uint64_t address, uint64_t count) {
    bool isInside =
        address >= recent.begin && address < recent.end && count <= recent.end - address;
    if (!isInside) {
      const DeviceMemory &memory = warp.block.launch.memory;
      const Allocation *found = memory.find(address, count);
      if (!found)
        raise(FaultKind::OutOfBounds, lane, "{} {} bytes at {:#x}, {}",
              isStore ? "writes" : "reads", count, address, memory.describe(address));
      recent = *found;
    }
    checkOverlap(warp, lane, isStore ? AccessKind::Store : AccessKind::Load, address, recent);
    if (isStore)
      recent.noteWrite();
    bytes += count;
    sectors += address / 32 != lastSector;
    lastSector = address / 32;
    return recent.host + (address - recent.begin);
  }

  Warp &warp;
  const unsigned lane;
  const bool isStore;
  Allocation recent;
  std::vector<BulkPiece> pieces;
  uint64_t bytes = 0, sectors = 0, lastSector = 0;
};

/// The pieces of a copy of `size` bytes between two addresses.
std::vector<BulkPiece> linearPieces(Warp &warp, unsigned lane, uint64_t shared, uint64_t global,
                                    uint32_t size, bool isStore) {
  if (size % BulkPiece::kBytes != 0 || global % BulkPiece::kBytes != 0)
    raise(FaultKind::Misaligned, lane, "copies {} bytes at {:#x}, which are no multiples of {}",
          size, global, BulkPiece::kBytes);
  uint64_t offset = sharedOffset(warp, shared, lane, size, BulkPiece::kBytes);
  GlobalPieces pieces(warp, lane, isStore);
  for (uint32_t at = 0; at < size; at += BulkPiece::kBytes)
    pieces.add(offset + at, global + at, 0, BulkPiece::kBytes);
  return pieces.take();
}

/// The tensor map at a generic address: a parameter of the kernel, or in global memory.
TensorMap readTensorMap(Warp &warp, uint64_t address, unsigned lane) {
  const Launch &launch = warp.block.launch;
  const std::byte *bytes = nullptr;
  if ((address & kWindowMask) == kParamWindow) {
    uint64_t offset = address & ~kWindowMask, size = launch.parameters.size();
    if (size >= TensorMap::kBytes && offset <= size - TensorMap::kBytes)
      bytes = launch.parameters.data() + offset;
  } else if (const Allocation *found = launch.memory.find(address, TensorMap::kBytes)) {
    bytes = found->host + (address - found->begin);
  }
  if (!bytes)
    raise(FaultKind::OutOfBounds, lane, "takes a tensor map at {:#x}, where none can be", address);
  std::optional<TensorMap> map = TensorMap::decode(bytes);
  if (!map)
    raise(FaultKind::Uninitialized, lane,
          "takes a tensor map at {:#x} that cuTensorMapEncodeTiled did not make", address);
  return *map;
}

/// The pieces of one box; coordinates are operands from `firstCoordinate` on.
std::vector<BulkPiece> boxPieces(Warp &warp, const Instruction &in, unsigned lane, uint64_t shared,
                                 uint64_t mapAddress, unsigned firstCoordinate, bool isStore) {
  TensorMap map = readTensorMap(warp, mapAddress, lane);
  if (map.rank != in.count)
    raise(FaultKind::OutOfBounds, lane, "has {} coordinates for a tensor of {} dimensions",
          in.count, map.rank);
  std::array<int32_t, TensorMap::kMaxRank> coordinates = {};
  for (unsigned i = 0; i < in.count; ++i)
    coordinates[i] = int32_t(warp.lanes<uint32_t>(in.operands[firstCoordinate + i])[lane]);
  uint64_t base = sharedOffset(warp, shared, lane, map.boxBytes(), 128);
  GlobalPieces pieces(warp, lane, isStore);
  map.forEachPiece(coordinates, [&](uint64_t at, uint64_t address, unsigned begin, unsigned end) {
    pieces.add(swizzle(base + at, map.swizzleBits), address, begin, end);
  });
  return pieces.take();
}

void beginLoad(Warp &warp, const Instruction &in, unsigned lane, uint64_t barrier,
               std::vector<BulkPiece> pieces) {
  uint64_t offset = sharedOffset(warp, barrier, lane, 8, 8);
  warp.block.mbarriers.addCopy({warp.index, lane}, in, offset, std::move(pieces));
}

void beginStore(Warp &warp, unsigned lane, std::vector<BulkPiece> pieces) {
  Addresses offsets;
  for (const BulkPiece &piece : pieces) {
    offsets[lane] = piece.offset;
    warp.block.shared.checkRead(warp.index, offsets, LaneMask(1) << lane, BulkPiece::kBytes);
  }
  warp.stores.add(lane, std::move(pieces));
}

/// Addresses: shared memory, global memory, the mbarrier; then the size.
void loadLinear(Warp &warp, const Instruction &in, LaneMask mask) {
  const uint32_t *sizes = warp.lanes<uint32_t>(in.operands[3 * kAddressOperands]);
  forEachLane(mask, [&](unsigned lane) {
    beginLoad(warp, in, lane, addressAt(warp, in, 2, lane),
              linearPieces(warp, lane, addressAt(warp, in, 0, lane), addressAt(warp, in, 1, lane),
                           sizes[lane], false));
  });
}

/// Addresses: shared memory, global memory; then the size.
void storeLinear(Warp &warp, const Instruction &in, LaneMask mask) {
  const uint32_t *sizes = warp.lanes<uint32_t>(in.operands[2 * kAddressOperands]);
  forEachLane(mask, [&](unsigned lane) {
    beginStore(warp, lane,
               linearPieces(warp, lane, addressAt(warp, in, 0, lane), addressAt(warp, in, 1, lane),
                            sizes[lane], true));
  });
}

/// Addresses: shared memory, the tensor map, the mbarrier; then coordinates.
void loadBox(Warp &warp, const Instruction &in, LaneMask mask) {
  forEachLane(mask, [&](unsigned lane) {
    beginLoad(warp, in, lane, addressAt(warp, in, 2, lane),
              boxPieces(warp, in, lane, addressAt(warp, in, 0, lane), addressAt(warp, in, 1, lane),
                        3 * kAddressOperands, false));
  });
}

/// Addresses: shared memory, the tensor map; then coordinates.
void storeBox(Warp &warp, const Instruction &in, LaneMask mask) {
  forEachLane(mask, [&](unsigned lane) {
    beginStore(warp, lane,
               boxPieces(warp, in, lane, addressAt(warp, in, 0, lane), addressAt(warp, in, 1, lane),
                         2 * kAddressOperands, true));
  });
}

/// What it brings to the cache nobody sees; that it may be read is checked as if it were. The
/// address, then the size.
void prefetchLinear(Warp &warp, const Instruction &in, LaneMask mask) {
  const uint32_t *sizes = warp.lanes<uint32_t>(in.operands[kAddressOperands]);
  const DeviceMemory &memory = warp.block.launch.memory;
  forEachLane(mask, [&](unsigned lane) {
    uint64_t address = addressAt(warp, in, 0, lane);
    if (sizes[lane] % BulkPiece::kBytes != 0 || address % BulkPiece::kBytes != 0)
      raise(FaultKind::Misaligned, lane,
            "prefetches {} bytes at {:#x}, which are no multiples of {}", sizes[lane], address,
            BulkPiece::kBytes);
    const Allocation *found = memory.find(address, sizes[lane]);
    if (!found)
      raise(FaultKind::OutOfBounds, lane, "prefetches {} bytes at {:#x}, {}", sizes[lane], address,
            memory.describe(address));
    checkOverlap(warp, lane, AccessKind::Load, address, *found);
  });
}

void commitStores(Warp &warp, const Instruction &, LaneMask mask) { warp.stores.commit(mask); }

void waitForStores(Warp &warp, const Instruction &in, LaneMask mask) {
  warp.stores.wait(mask, uint32_t(in.immediate), warp.block.shared);
}

/// Whether the copy is one to global memory.
bool takeDirection(Decoding &d) {
  if (d.has("multicast::cluster") || d.has("L2::cache_hint"))
    d.error("the emulator does not know clusters and cache policies");
  d.needOneOf({"shared::cluster", "shared::cta"});
  d.needOneOf({"global"});
  return d.needOneOf({"mbarrier::complete_tx::bytes", "bulk_group"}) == 1;
}

void decodeBox(Decoding &d) {
  unsigned rank = unsigned(d.needOneOf({"1d", "2d", "3d", "4d", "5d"})) + 1;
  bool isStore = takeDirection(d);
  d.take("tile");
  d.expectOperands(isStore ? 2 : 3);
  size_t box = isStore ? 0 : 1;
  std::vector<Slot> slots;
  appendAddress(d, isStore ? 1 : 0, slots);
  appendAddress(d, box, slots, 2);
  if (!isStore)
    appendAddress(d, 2, slots);
  const ptx::Operand &coordinates = d.operand(box).elements[1];
  if (coordinates.kind != ptx::Operand::Kind::Vector || coordinates.elements.size() != rank)
    d.error("the coordinates do not fit the dimensions");
  for (const ptx::Operand &coordinate : coordinates.elements)
    slots.push_back(d.use(coordinate, Type::S32));
  Operation &operation = d.emit(isStore ? storeBox : loadBox, slots);
  operation.instruction.count = uint8_t(rank);
}

void decodePrefetch(Decoding &d) {
  if (d.has("tensor") || d.has("L2::cache_hint"))
    d.error("the emulator does not know prefetches of tensors and cache policies");
  d.needOneOf({"L2"});
  d.needOneOf({"global"});
  d.expectOperands(2);
  std::vector<Slot> slots;
  appendAddress(d, 0, slots);
  slots.push_back(d.use(1, Type::U32));
  d.emit(prefetchLinear, slots);
}

void decodeLinear(Decoding &d) {
  bool isStore = takeDirection(d);
  d.expectOperands(isStore ? 3 : 4);
  std::vector<Slot> slots;
  appendAddress(d, isStore ? 1 : 0, slots);
  appendAddress(d, isStore ? 0 : 1, slots);
  if (!isStore)
    appendAddress(d, 3, slots);
  slots.push_back(d.use(2, Type::U32));
  d.emit(isStore ? storeLinear : loadLinear, slots);
}

} // namespace

void emulator::decodeBulkCopy(Decoding &d) {
  if (d.take("commit_group")) {
    d.expectOperands(0);
    d.emit(commitStores, {});
  } else if (d.take("wait_group")) {
    d.take("read");
    d.expectOperands(1);
    if (d.operand(0).kind != ptx::Operand::Kind::Integer || d.operand(0).bits > INT32_MAX)
      d.error("the number of groups is not a constant");
    d.emit(waitForStores, {}).instruction.immediate = int64_t(d.operand(0).bits);
  } else if (d.take("prefetch")) {
    decodePrefetch(d);
  } else if (d.take("tensor")) {
    decodeBox(d);
  } else {
    decodeLinear(d);
  }
}
