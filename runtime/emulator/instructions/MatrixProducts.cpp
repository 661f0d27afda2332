//===- MatrixProducts.cpp - mma -------------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// D = A B + C on the fragments of a warp, A of M x K elements, B of K x 8; see MatrixTile.h.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Block.h"
#include "runtime/emulator/instructions/Decoders.h"
#include "runtime/emulator/instructions/Decoding.h"
#include "runtime/emulator/instructions/MatrixTile.h"

using namespace qopt;
using namespace qopt::emulator;

namespace {

/// Numbers of registers of the fragments.
struct Shape {
  unsigned rows, depth, a, b;
};
constexpr Shape shapeOf(unsigned rows, unsigned depth, Type type) {
  unsigned chunk =
      4 * (32 / matrixElementBits(type)); // elements of a row in one register of 4 lanes
  return {rows, depth, rows / 8 * depth / chunk, depth / chunk};
}

/// Operands: lanes, D, A, B, C. Instruction::mode: clamp integer sums, or f16 for C and D.
template <unsigned M, unsigned K, Type TypeA, Type TypeB> struct Product {
  static void run(Warp &warp, const Instruction &in, LaneMask) {
    constexpr Shape shape = shapeOf(M, K, TypeA);
    constexpr unsigned halves = M / 8;
    MatrixTile<M, K, TypeA, TypeB> tile;
    auto registers = [&](Slot slot) { return warp.lanes<uint32_t>(slot); };
    const Slot *d = in.operands + 1, *a = d + in.count, *b = a + shape.a, *c = b + shape.b;
    for (unsigned r = 0; r < shape.a; ++r)
      tile.setA(r, registers(a[r]));
    for (unsigned r = 0; r < shape.b; ++r)
      tile.setB(r, registers(b[r]));
    ++warp.block.statistics.matrixInstructions;
    if constexpr (tile.isInteger) {
      tile.clearSums();
      tile.multiply();
      for (unsigned r = 0; r < 2 * halves; ++r)
        tile.addIntegerSums(r / 2, r % 2, registers(c[r]), registers(d[r]), in.mode);
    } else if (in.mode) {
      for (unsigned j = 0; j < halves; ++j)
        tile.setHalfSums(j, registers(c[j]));
      tile.multiply();
      for (unsigned j = 0; j < halves; ++j)
        tile.getHalfSums(j, registers(d[j]));
    } else {
      for (unsigned j = 0; j < halves; ++j)
        tile.setSums(j, registers(c[2 * j]), registers(c[2 * j + 1]));
      tile.multiply();
      for (unsigned j = 0; j < halves; ++j)
        tile.getSums(j, registers(d[2 * j]), registers(d[2 * j + 1]));
    }
  }
};

template <unsigned M, unsigned K> Handler pickIntegers(Type a, Type b) {
  if (a == Type::S8)
    return b == Type::S8 ? Product<M, K, Type::S8, Type::S8>::run
                         : Product<M, K, Type::S8, Type::U8>::run;
  return b == Type::S8 ? Product<M, K, Type::U8, Type::S8>::run
                       : Product<M, K, Type::U8, Type::U8>::run;
}

template <unsigned K> Handler pickEightBitFloats(Type a, Type b) {
  if (a == Type::E4M3)
    return b == Type::E4M3 ? Product<16, K, Type::E4M3, Type::E4M3>::run
                           : Product<16, K, Type::E4M3, Type::E5M2>::run;
  return b == Type::E4M3 ? Product<16, K, Type::E5M2, Type::E4M3>::run
                         : Product<16, K, Type::E5M2, Type::E5M2>::run;
}

/// The handler for a shape and element types, or null.
Handler pick(unsigned rows, unsigned depth, Type a, Type b) {
  bool integers = (a == Type::S8 || a == Type::U8) && (b == Type::S8 || b == Type::U8);
  bool eightBits = (a == Type::E4M3 || a == Type::E5M2) && (b == Type::E4M3 || b == Type::E5M2);
  if (integers && depth == 32 && rows == 16)
    return pickIntegers<16, 32>(a, b);
  if (integers && depth == 16)
    return rows == 16 ? pickIntegers<16, 16>(a, b) : pickIntegers<8, 16>(a, b);
  if (rows != 16)
    return nullptr;
  if (eightBits)
    return depth == 32   ? pickEightBitFloats<32>(a, b)
           : depth == 16 ? pickEightBitFloats<16>(a, b)
                         : nullptr;
  if (a != b)
    return nullptr;
  if (a == Type::BF16)
    return depth == 16  ? Product<16, 16, Type::BF16, Type::BF16>::run
           : depth == 8 ? Product<16, 8, Type::BF16, Type::BF16>::run
                        : nullptr;
  if (a == Type::F16)
    return depth == 16  ? Product<16, 16, Type::F16, Type::F16>::run
           : depth == 8 ? Product<16, 8, Type::F16, Type::F16>::run
                        : nullptr;
  if (a == Type::TF32)
    return depth == 8   ? Product<16, 8, Type::TF32, Type::TF32>::run
           : depth == 4 ? Product<16, 4, Type::TF32, Type::TF32>::run
                        : nullptr;
  return nullptr;
}

/// Appends the slots of a fragment of `count` registers.
void addFragment(Decoding &d, size_t operand, unsigned count, bool defines,
                 std::vector<Slot> &slots) {
  std::vector<ptx::Operand> elements = d.elements(operand);
  if (elements.size() != count)
    d.error(fmt::format("a fragment has {} registers, expected {}", elements.size(), count));
  for (const ptx::Operand &element : elements)
    slots.push_back(defines ? d.define(element, Type::B32) : d.use(element, Type::B32));
}

void decodeProduct(Decoding &d) {
  static constexpr struct {
    unsigned rows, depth;
  } shapes[] = {{16, 4}, {16, 8}, {16, 16}, {16, 32}, {8, 16}};
  d.needOneOf({"sync"});
  d.needOneOf({"aligned"});
  auto [rows, depth] =
      shapes[d.needOneOf({"m16n8k4", "m16n8k8", "m16n8k16", "m16n8k32", "m8n8k16"})];
  d.needOneOf({"row"});
  d.needOneOf({"col"});
  bool clamps = d.take("satfinite");
  Type result = d.takeType(), a = d.takeType(), b = d.takeType(), c = d.takeType();
  Handler handler = pick(rows, depth, a, b);
  bool isIntegers = a == Type::S8 || a == Type::U8;
  bool halves = result == Type::F16 && (a == Type::F16 || a == Type::E4M3 || a == Type::E5M2);
  bool fits = result == c && (isIntegers ? result == Type::S32 : result == Type::F32 || halves);
  if (!handler || !fits || (clamps && !isIntegers))
    d.error("the emulator does not know this shape with these types");

  Shape shape = shapeOf(rows, depth, a);
  unsigned results = rows / 8 * (halves ? 1 : 2);
  d.expectOperands(4);
  // Uses come before definitions: a sum may take the place of C.
  std::vector<Slot> sources, slots = {d.allLanes()};
  addFragment(d, 1, shape.a, false, sources);
  addFragment(d, 2, shape.b, false, sources);
  addFragment(d, 3, results, false, sources);
  addFragment(d, 0, results, true, slots);
  slots.insert(slots.end(), sources.begin(), sources.end());
  Operation &operation = d.emitCollective(handler, slots);
  operation.instruction.count = uint8_t(results);
  operation.instruction.mode = isIntegers ? clamps : halves;
}

} // namespace

void emulator::addMatrixProducts(DecoderTable &table) { table["mma"] = decodeProduct; }
