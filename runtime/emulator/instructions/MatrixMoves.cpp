//===- MatrixMoves.cpp - ldmatrix, stmatrix and movmatrix -----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An 8x8 matrix of 16-bit elements is spread over a warp: lane 4r + c / 2 has elements c and c + 1
// of row r (of column r, where transposed) in one register.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Block.h"
#include "runtime/emulator/exec/Counters.h"
#include "runtime/emulator/exec/MemoryAccess.h"
#include "runtime/emulator/instructions/Decoders.h"
#include "runtime/emulator/instructions/MemoryDecoding.h"
#include <cstring>

using namespace qopt;
using namespace qopt::emulator;

namespace {

using Matrix = uint16_t[8][8];
constexpr unsigned kRowBytes = 16;

void spread(const Matrix &matrix, bool transposed, uint32_t *registers) {
  for (unsigned lane = 0; lane < kWarpSize; ++lane) {
    unsigned r = lane / 4, c = lane % 4 * 2;
    uint32_t first = transposed ? matrix[c][r] : matrix[r][c];
    uint32_t second = transposed ? matrix[c + 1][r] : matrix[r][c + 1];
    registers[lane] = first | second << 16;
  }
}

void collect(const uint32_t *registers, bool transposed, Matrix &matrix) {
  for (unsigned lane = 0; lane < kWarpSize; ++lane) {
    unsigned r = lane / 4, c = lane % 4 * 2;
    (transposed ? matrix[c][r] : matrix[r][c]) = uint16_t(registers[lane]);
    (transposed ? matrix[c + 1][r] : matrix[r][c + 1]) = uint16_t(registers[lane] >> 16);
  }
}

/// The lanes that give the addresses of rows: the first 8 for each matrix.
LaneMask addressLanes(unsigned matrices) {
  return matrices == 4 ? kAllLanes : (LaneMask(1) << (8 * matrices)) - 1;
}

/// Offsets of the rows in shared memory.
Addresses rowOffsets(Warp &warp, const Instruction &in, unsigned base, LaneMask lanes) {
  Addresses offsets = readAddresses(warp, in, base);
  if (in.space == ptx::Space::Generic)
    for (uint64_t &offset : offsets)
      offset -= kSharedWindow;
  warp.block.shared.checkBounds(offsets, lanes, kRowBytes);
  // The rows of a matrix are read together, like a quarter of a warp.
  if (warp.block.launch.countAccesses)
    countShared(warp.block.statistics, offsets, lanes, kRowBytes);
  return offsets;
}

/// Operands: lanes, `count` results, the address. Instruction::mode: transposed.
void loadMatrices(Warp &warp, const Instruction &in, LaneMask) {
  SharedMemory &shared = warp.block.shared;
  Addresses offsets = rowOffsets(warp, in, 1 + in.count, addressLanes(in.count));
  for (unsigned i = 0; i < in.count; ++i) {
    Matrix matrix;
    for (unsigned row = 0; row < 8; ++row) {
      unsigned lane = 8 * i + row;
      shared.checkWarpRead(warp.index, offsets[lane], lane);
      memcpy(matrix[row], shared.at(offsets[lane]), kRowBytes);
    }
    spread(matrix, in.mode, warp.lanes<uint32_t>(in.operands[1 + i]));
  }
}

/// Operands: lanes, the address, `count` values. Each row counts as written by the lane that gives
/// its address.
void storeMatrices(Warp &warp, const Instruction &in, LaneMask) {
  Addresses offsets = rowOffsets(warp, in, 1, addressLanes(in.count));
  for (unsigned i = 0; i < in.count; ++i) {
    Matrix matrix;
    collect(warp.lanes<uint32_t>(in.operands[2 + i]), in.mode, matrix);
    for (unsigned row = 0; row < 8; ++row)
      warp.block.shared.write(warp.index, offsets[8 * i + row], 8 * i + row,
                              reinterpret_cast<const std::byte *>(matrix[row]), kRowBytes);
  }
}

/// Operands: lanes, result, source.
void transposeMatrix(Warp &warp, const Instruction &in, LaneMask) {
  Matrix matrix;
  collect(warp.lanes<uint32_t>(in.operands[2]), false, matrix);
  spread(matrix, true, warp.lanes<uint32_t>(in.operands[1]));
}

/// Takes the modifiers of ldmatrix and stmatrix. Returns the number of matrices.
unsigned takeMatrices(Decoding &d, size_t registers, bool &transposed) {
  d.needOneOf({"sync"});
  d.needOneOf({"aligned"});
  d.needOneOf({"m8n8"});
  unsigned count = 1u << d.needOneOf({"x1", "x2", "x4"});
  transposed = d.take("trans");
  d.takeType({Type::B16});
  d.expectOperands(2);
  if (d.elements(registers).size() != count)
    d.error(fmt::format("expected {} registers", count));
  return count;
}

ptx::Space takeSharedSpace(Decoding &d) {
  ptx::Space space = takeMemorySpace(d);
  if (space != ptx::Space::Shared && space != ptx::Space::Generic)
    d.error("matrices are in shared memory");
  return space;
}

void decodeLoad(Decoding &d) {
  bool transposed;
  unsigned count = takeMatrices(d, 0, transposed);
  ptx::Space space = takeSharedSpace(d);
  Decoding::Address address = d.address(1);
  std::vector<Slot> slots = {d.allLanes()};
  for (const ptx::Operand &element : d.elements(0))
    slots.push_back(d.define(element, Type::B32));
  slots.push_back(address.base);
  Operation &operation = d.emitCollective(loadMatrices, slots);
  setAddress(d, operation, address, space, kRowBytes);
  operation.instruction.count = uint8_t(count);
  operation.instruction.mode = transposed;
}

void decodeStore(Decoding &d) {
  bool transposed;
  unsigned count = takeMatrices(d, 1, transposed);
  ptx::Space space = takeSharedSpace(d);
  Decoding::Address address = d.address(0);
  std::vector<Slot> slots = {d.allLanes(), address.base};
  for (const ptx::Operand &element : d.elements(1))
    slots.push_back(d.use(element, Type::B32));
  Operation &operation = d.emitCollective(storeMatrices, slots);
  setAddress(d, operation, address, space, kRowBytes);
  operation.instruction.count = uint8_t(count);
  operation.instruction.mode = transposed;
}

void decodeTranspose(Decoding &d) {
  d.needOneOf({"sync"});
  d.needOneOf({"aligned"});
  d.needOneOf({"m8n8"});
  d.needOneOf({"trans"});
  d.takeType({Type::B16});
  d.expectOperands(2);
  Slot source = d.use(1, Type::B32);
  d.emitCollective(transposeMatrix, {d.allLanes(), d.define(0, Type::B32), source});
}

} // namespace

void emulator::addMatrixMoves(DecoderTable &table) {
  table["ldmatrix"] = decodeLoad;
  table["stmatrix"] = decodeStore;
  table["movmatrix"] = decodeTranspose;
}
