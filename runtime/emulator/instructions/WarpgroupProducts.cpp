//===- WarpgroupProducts.cpp - wgmma --------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// D = A B + D, of 64 x N elements, by the four warps of a group. Each warp has 16 rows of D, and of
// A if that is in registers, laid out as in mma (see MatrixTile.h) for each 8 columns; so each
// computes its rows by itself. B, and else A, lie in shared memory (see SharedMatrix.h). Sums are
// rounded as in mma.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Block.h"
#include "runtime/emulator/instructions/Decoders.h"
#include "runtime/emulator/instructions/Decoding.h"
#include "runtime/emulator/instructions/MatrixTile.h"
#include "runtime/emulator/instructions/SharedMatrix.h"

using namespace qopt;
using namespace qopt::emulator;
using Pending = PendingProducts::Product;

namespace {

constexpr unsigned kRows = 16; ///< of D that one warp computes
constexpr unsigned kColumns = 8;
constexpr unsigned kWarpsOfGroup = 4;
constexpr unsigned kChunkBytes = 16;

/// Instruction::mode.
enum Mode : uint8_t {
  AInRegisters = 1,
  TransposedA = 2,
  TransposedB = 4,
  Negated = 8,
  HalfSums = 16,
  Clamps = 32,
};

/// After the lanes: results, the predicate that says whether to add, B, A. Instruction::count is
/// the number of results.
struct Operands {
  const Slot *results, *adds, *b, *a;

  explicit Operands(const Instruction &in)
      : results(in.operands + 1), adds(results + in.count), b(adds + 1), a(b + 1) {}
};

unsigned numColumns(const Instruction &in) { return in.count * (in.mode & HalfSums ? 4 : 2); }

/// Checks a part of a matrix, of `rows` rows from `first` on, as a read of the warp.
void checkMatrix(Warp &warp, const SharedMatrix &matrix, unsigned first, unsigned rows,
                 unsigned depth, unsigned elementBytes, bool isTransposed) {
  SharedMemory &shared = warp.block.shared;
  unsigned perChunk = kChunkBytes / elementBytes;
  unsigned rowStep = isTransposed ? perChunk : 1, kStep = isTransposed ? 1 : perChunk;
  for (unsigned row = first; row < first + rows; row += rowStep) {
    for (unsigned k = 0; k < depth; k += kStep) {
      uint64_t offset = matrix.offset(row, k);
      if (shared.size() < kChunkBytes || offset > shared.size() - kChunkBytes)
        raise(FaultKind::OutOfBounds, 0,
              "reads 16 bytes of a matrix at {:#x} of shared memory, of which the block has {} "
              "bytes",
              offset, shared.size());
      shared.checkWarpRead(warp.index, offset, 0);
    }
  }
}

uint64_t uniformDescriptor(Warp &warp, Slot slot) {
  const uint64_t *values = warp.lanes<uint64_t>(slot);
  for (unsigned lane = 1; lane < kWarpSize; ++lane)
    if (values[lane] != values[0])
      raise(FaultKind::Divergence, lane, "has another matrix descriptor than lane 0");
  return values[0];
}

/// The product of one warp: rows 16 w to 16 w + 15 of the 64, for the w-th warp of its group.
template <unsigned K, Type TypeA, Type TypeB> struct WarpgroupProduct {
  using Tile = MatrixTile<kRows, K, TypeA, TypeB>;
  using MatterA = Matter<TypeA>;
  using MatterB = Matter<TypeB>;

  static SharedMatrix matrixA(const Instruction &in, uint64_t descriptor) {
    return {descriptor, sizeof(typename MatterA::Stored), bool(in.mode & TransposedA)};
  }
  static SharedMatrix matrixB(const Instruction &in, uint64_t descriptor) {
    return {descriptor, sizeof(typename MatterB::Stored), bool(in.mode & TransposedB)};
  }
  static unsigned firstRow(const Warp &warp) { return warp.index % kWarpsOfGroup * kRows; }

  template <typename Matter>
  static typename Matter::Value read(Warp &warp, const SharedMatrix &matrix, unsigned row,
                                     unsigned k) {
    typename Matter::Stored stored;
    memcpy(&stored, warp.block.shared.at(matrix.offset(row, k)), sizeof(stored));
    return Matter::value(stored);
  }

  static void loadA(Warp &warp, const Pending &product, Tile &tile) {
    const Instruction &in = *product.instruction;
    if (in.mode & AInRegisters) {
      for (unsigned r = 0; r < 4; ++r)
        tile.setA(r, warp.lanes<uint32_t>(Operands(in).a[r]));
    } else {
      SharedMatrix matrix = matrixA(in, product.a);
      for (unsigned row = 0; row < kRows; ++row)
        for (unsigned k = 0; k < K; ++k)
          tile.a[row][k] = read<MatterA>(warp, matrix, firstRow(warp) + row, k);
    }
    if (in.mode & Negated)
      for (auto &row : tile.a)
        for (auto &value : row)
          value = -value;
  }

  static void compute(Warp &warp, const Pending &product, PendingProducts &products) {
    const Instruction &in = *product.instruction;
    Tile tile;
    loadA(warp, product, tile);
    SharedMatrix matrix = matrixB(in, product.b);
    const Slot *results = Operands(in).results;
    unsigned perTile = in.mode & HalfSums ? 2 : 4;
    for (unsigned first = 0; first < numColumns(in); first += kColumns, results += perTile) {
      for (unsigned k = 0; k < K; ++k)
        for (unsigned n = 0; n < kColumns; ++n)
          tile.b[k][n] = read<MatterB>(warp, matrix, first + n, k);
      multiply(tile, product, products, results);
    }
  }

  /// Eight columns; `results` are their registers.
  static void multiply(Tile &tile, const Pending &product, PendingProducts &products,
                       const Slot *results) {
    const Instruction &in = *product.instruction;
    auto sum = [&](unsigned i) { return products.sum(results[i]).data(); };
    if (!product.adds)
      for (unsigned i = 0; i < (in.mode & HalfSums ? 2u : 4u); ++i)
        products.sum(results[i]).fill(0);
    if constexpr (Tile::isInteger) {
      tile.clearSums();
      tile.multiply();
      for (unsigned i = 0; i < 4; ++i)
        tile.addIntegerSums(i / 2, i % 2, sum(i), sum(i), in.mode & Clamps);
    } else if (in.mode & HalfSums) {
      tile.setHalfSums(0, sum(0));
      tile.setHalfSums(1, sum(1));
      tile.multiply();
      tile.getHalfSums(0, sum(0));
      tile.getHalfSums(1, sum(1));
    } else {
      tile.setSums(0, sum(0), sum(1));
      tile.setSums(1, sum(2), sum(3));
      tile.multiply();
      tile.getSums(0, sum(0), sum(1));
      tile.getSums(1, sum(2), sum(3));
    }
  }

  /// Checks what will be read, and begins.
  static void begin(Warp &warp, const Instruction &in, LaneMask) {
    Operands operands(in);
    Pending product = {compute, &in, 0, uniformDescriptor(warp, *operands.b), false};
    LaneMask adds = warp.predicate(*operands.adds) ^ LaneMask(in.immediate);
    if (adds != 0 && adds != kAllLanes)
      raise(FaultKind::Divergence, firstLane(~adds), "adds in lanes {:#x} only", adds);
    product.adds = adds != 0;
    SharedMatrix b = matrixB(in, product.b);
    bool isBad = b.tileOffset() != 0;
    checkMatrix(warp, b, 0, numColumns(in), K, sizeof(typename MatterB::Stored),
                in.mode & TransposedB);
    if (!(in.mode & AInRegisters)) {
      product.a = uniformDescriptor(warp, *operands.a);
      SharedMatrix a = matrixA(in, product.a);
      isBad |= a.tileOffset() != 0;
      checkMatrix(warp, a, firstRow(warp), kRows, K, sizeof(typename MatterA::Stored),
                  in.mode & TransposedA);
    }
    if (isBad)
      raise(FaultKind::Misaligned, 0, "has a base offset, which the emulator does not know");
    warp.products.add(warp, product, operands.results, in.count);
    warp.block.statistics.matrixInstructions += numColumns(in) / kColumns;
  }
};

template <unsigned K, Type A, Type B> constexpr Handler product = WarpgroupProduct<K, A, B>::begin;

Handler pick(unsigned depth, Type a, Type b) {
  using enum Type;
  static constexpr struct {
    unsigned depth;
    Type a, b;
    Handler handler;
  } known[] = {
      {16, F16, F16, product<16, F16, F16>},     {16, BF16, BF16, product<16, BF16, BF16>},
      {8, TF32, TF32, product<8, TF32, TF32>},   {32, E4M3, E4M3, product<32, E4M3, E4M3>},
      {32, E4M3, E5M2, product<32, E4M3, E5M2>}, {32, E5M2, E4M3, product<32, E5M2, E4M3>},
      {32, E5M2, E5M2, product<32, E5M2, E5M2>}, {32, S8, S8, product<32, S8, S8>},
      {32, S8, U8, product<32, S8, U8>},         {32, U8, S8, product<32, U8, S8>},
      {32, U8, U8, product<32, U8, U8>},
  };
  for (const auto &entry : known)
    if (entry.depth == depth && entry.a == a && entry.b == b)
      return entry.handler;
  return nullptr;
}

void fence(Warp &, const Instruction &, LaneMask) {}

void commitGroup(Warp &warp, const Instruction &, LaneMask) { warp.products.commit(); }

void waitGroup(Warp &warp, const Instruction &in, LaneMask) {
  warp.products.wait(warp, uint32_t(in.immediate));
}

/// `m64n128k16`: the number of columns, and the depth.
bool takeShape(Decoding &d, unsigned &columns, unsigned &depth) {
  static constexpr unsigned depths[] = {8, 16, 32};
  for (depth = 0, columns = kColumns; columns <= 256; columns += kColumns)
    for (unsigned k : depths)
      if (d.take(fmt::format("m64n{}k{}", columns, k))) {
        depth = k;
        return true;
      }
  return false;
}

/// An immediate operand that is one of two.
bool takeFlag(Decoding &d, size_t operand, uint64_t no, uint64_t yes) {
  const ptx::Operand &value = d.operand(operand);
  if (value.kind != ptx::Operand::Kind::Integer || (value.bits != no && value.bits != yes))
    d.error(fmt::format("operand {} is not {} or {}", operand, int64_t(no), int64_t(yes)));
  return value.bits == yes;
}

void decodeProduct(Decoding &d) {
  unsigned columns, depth;
  if (!takeShape(d, columns, depth))
    d.error("the emulator does not know this shape");
  bool clamps = d.take("satfinite");
  Type result = d.takeType(), a = d.takeType(), b = d.takeType();
  Handler handler = pick(depth, a, b);
  bool isInteger = a == Type::S8 || a == Type::U8, hasHalves = result == Type::F16;
  bool isSixteen = a == Type::F16 || a == Type::BF16;
  bool fits = isInteger ? result == Type::S32 && (columns % 16 == 0 || columns <= 24)
                        : result == Type::F32 || (hasHalves && a != Type::BF16 && a != Type::TF32);
  if (!handler || !fits || (clamps && !isInteger))
    d.error("the emulator does not know this shape with these types");

  // D, A, B, whether to add; but for integers the signs of A and B; for 16 bits what is transposed.
  bool inRegisters = d.operand(1).kind == ptx::Operand::Kind::Vector;
  size_t transposes = !isSixteen ? 0 : inRegisters ? 1 : 2;
  d.expectOperands(isInteger ? 4 : 6 + transposes);
  unsigned mode = inRegisters ? AInRegisters : 0;
  mode |= hasHalves ? HalfSums : 0;
  mode |= clamps ? Clamps : 0;
  if (!isInteger && takeFlag(d, 4, 1, uint64_t(-1)) != takeFlag(d, 5, 1, uint64_t(-1)))
    mode |= Negated;
  if (transposes == 2 && takeFlag(d, 6, 0, 1))
    mode |= TransposedA;
  if (transposes != 0 && takeFlag(d, 5 + transposes, 0, 1))
    mode |= TransposedB;

  unsigned results = columns / (hasHalves ? 4 : 2);
  std::vector<ptx::Operand> sums = d.elements(0), registers = d.elements(1);
  if (sums.size() != results || (inRegisters && registers.size() != 4))
    d.error(fmt::format("the fragments have {} and {} registers, expected {} and 4", sums.size(),
                        registers.size(), results));
  LaneMask flip = 0;
  std::vector<Slot> slots = {d.allLanes()};
  for (const ptx::Operand &sum : sums)
    slots.push_back(d.define(sum, Type::B32));
  const ptx::Operand &adds = d.operand(3);
  slots.push_back(adds.kind == ptx::Operand::Kind::Integer ? d.symbols.constant(1, adds.bits != 0)
                                                           : d.usePredicate(adds, flip));
  slots.push_back(d.use(2, Type::B64));
  for (const ptx::Operand &element : registers)
    slots.push_back(d.use(element, inRegisters ? Type::B32 : Type::B64));
  Operation &operation = d.emitCollective(handler, slots);
  operation.instruction.count = uint8_t(results);
  operation.instruction.mode = uint8_t(mode);
  operation.instruction.immediate = flip;
  operation.instruction.size = kChunkBytes;
  operation.instruction.space = ptx::Space::Shared;
}

void decodeWarpgroup(Decoding &d) {
  int kind = d.needOneOf({"fence", "commit_group", "wait_group", "mma_async"});
  d.needOneOf({"sync"});
  d.needOneOf({"aligned"});
  if (kind == 3)
    return decodeProduct(d);
  static constexpr Handler handlers[] = {fence, commitGroup, waitGroup};
  d.expectOperands(kind == 2 ? 1 : 0);
  if (kind == 2 && (d.operand(0).kind != ptx::Operand::Kind::Integer || d.operand(0).bits > 7))
    d.error("the number of groups is not a constant of at most 7");
  int64_t groups = kind == 2 ? int64_t(d.operand(0).bits) : 0;
  d.emitCollective(handlers[kind], {d.allLanes()}).instruction.immediate = groups;
}

} // namespace

void emulator::addWarpgroupProducts(DecoderTable &table) { table["wgmma"] = decodeWarpgroup; }
