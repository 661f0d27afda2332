//===- MatrixProducts.cpp - mma -------------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// D = A B + C on the fragments of a warp, A of M x K elements, B of K x 8. Where elements lie is
// the same for all shapes; with g = lane / 4, t = lane % 4, p elements in a register and h = M / 8:
//
// * A: register r, element i is in row g + 8 (r % h) and column 4p (r / h) + p t + i.
// * B: register r, element i is in row 4p r + p t + i and column g.
// * C and D: element 2j + i is in row g + 8j and column 2t + i; two f16 share a register.
//
// Products of floats are exact in double. They are added to C in double, in the order of k, and the
// sum is rounded once: tensor cores, whose order and intermediate precision NVIDIA does not
// document, come a little less close to the real sum. Integer sums are exact.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Block.h"
#include "runtime/emulator/instructions/Decoders.h"
#include "runtime/emulator/instructions/Decoding.h"
#include "runtime/emulator/instructions/Element.h"
#include "runtime/emulator/numerics/FloatFormat.h"
#include <cmath>

using namespace qopt;
using namespace qopt::emulator;

namespace {

constexpr unsigned kColumns = 8;

/// The value of one element in the low bits of a word.
template <Type type> struct Matter;
template <> struct Matter<Type::F16> {
  using Value = double;
  static double value(uint32_t bits) { return f16ToF32(uint16_t(bits)); }
};
template <> struct Matter<Type::BF16> {
  using Value = double;
  static double value(uint32_t bits) { return bf16ToF32(uint16_t(bits)); }
};
template <> struct Matter<Type::TF32> {
  using Value = double;
  static double value(uint32_t bits) { return std::bit_cast<float>(bits & 0xffffe000); }
};
std::array<double, 256> valuesOfCodes(Type type) {
  std::array<double, 256> values;
  for (uint32_t code = 0; code < 256; ++code)
    values[code] = decodeFloat(code, floatFormat(type));
  return values;
}
template <Type type> struct EightBits {
  using Value = double;
  inline static const std::array<double, 256> values = valuesOfCodes(type);
  static double value(uint32_t bits) { return values[bits & 0xff]; }
};
template <> struct Matter<Type::E4M3> : EightBits<Type::E4M3> {};
template <> struct Matter<Type::E5M2> : EightBits<Type::E5M2> {};
template <> struct Matter<Type::S8> {
  using Value = int32_t;
  static int32_t value(uint32_t bits) { return int8_t(bits); }
};
template <> struct Matter<Type::U8> {
  using Value = int32_t;
  static int32_t value(uint32_t bits) { return uint8_t(bits); }
};

constexpr unsigned elementBits(Type type) {
  return type == Type::TF32 ? 32 : (type == Type::F16 || type == Type::BF16 ? 16 : 8);
}

int32_t multiplyAdd(int32_t a, int32_t b, int32_t c) { return a * b + c; }
/// The product is exact, so that it does not matter whether it is rounded.
double multiplyAdd(double a, double b, double c) {
#ifdef __FMA__
  return std::fma(a, b, c);
#else
  return a * b + c;
#endif
}

/// Numbers of registers of the fragments.
struct Shape {
  unsigned rows, depth, a, b;
};
constexpr Shape shapeOf(unsigned rows, unsigned depth, Type type) {
  unsigned chunk = 4 * (32 / elementBits(type)); // elements of a row in one register of 4 lanes
  return {rows, depth, rows / 8 * depth / chunk, depth / chunk};
}

/// Operands: lanes, D, A, B, C. Instruction::mode: clamp integer sums, or f16 for C and D.
template <unsigned M, unsigned K, Type TypeA, Type TypeB> class Product {
  using Value = typename Matter<TypeA>::Value;
  static constexpr bool isInteger = std::is_same_v<Value, int32_t>;
  static constexpr unsigned bits = elementBits(TypeA), perRegister = 32 / bits;
  static constexpr Shape shape = shapeOf(M, K, TypeA);
  static constexpr unsigned halves = M / 8;

  Value a[M][K], b[K][kColumns], sums[M][kColumns];

  void readA(Warp &warp, const Slot *slots) {
    for (unsigned r = 0; r < shape.a; ++r) {
      const uint32_t *registers = warp.lanes<uint32_t>(slots[r]);
      unsigned half = r % halves, chunk = r / halves;
      for (unsigned lane = 0; lane < kWarpSize; ++lane)
        for (unsigned i = 0; i < perRegister; ++i)
          a[lane / 4 + 8 * half][perRegister * (4 * chunk + lane % 4) + i] =
              Matter<TypeA>::value(registers[lane] >> (bits * i % 32));
    }
  }

  void readB(Warp &warp, const Slot *slots) {
    for (unsigned r = 0; r < shape.b; ++r) {
      const uint32_t *registers = warp.lanes<uint32_t>(slots[r]);
      for (unsigned lane = 0; lane < kWarpSize; ++lane)
        for (unsigned i = 0; i < perRegister; ++i)
          b[perRegister * (4 * r + lane % 4) + i][lane / 4] =
              Matter<TypeB>::value(registers[lane] >> (bits * i % 32));
    }
  }

  /// Four rows at a time stay in vector registers.
  void multiply() {
    constexpr unsigned tile = 4;
    for (unsigned first = 0; first < M; first += tile) {
      Value totals[tile][kColumns];
      std::copy_n(&sums[first][0], tile * kColumns, &totals[0][0]);
      for (unsigned k = 0; k < K; ++k)
        for (unsigned m = 0; m < tile; ++m)
          for (unsigned n = 0; n < kColumns; ++n)
            totals[m][n] = multiplyAdd(a[first + m][k], b[k][n], totals[m][n]);
      std::copy_n(&totals[0][0], tile * kColumns, &sums[first][0]);
    }
  }

  /// Calls function(sum, register, lane, element of the register).
  template <typename Function> void forEachSum(unsigned perResult, Function function) {
    for (unsigned element = 0; element < 2 * halves; ++element)
      for (unsigned lane = 0; lane < kWarpSize; ++lane)
        function(sums[lane / 4 + 8 * (element / 2)][2 * (lane % 4) + element % 2],
                 element / perResult, lane, element % perResult);
  }

  void runIntegers(Warp &warp, const Slot *d, const Slot *c, bool clamps) {
    for (auto &row : sums)
      std::fill(row, row + kColumns, 0);
    multiply();
    forEachSum(1, [&](int32_t sum, unsigned r, unsigned lane, unsigned) {
      int64_t total = int64_t(sum) + int32_t(warp.lanes<uint32_t>(c[r])[lane]);
      if (clamps)
        total = std::clamp<int64_t>(total, INT32_MIN, INT32_MAX);
      warp.lanes<uint32_t>(d[r])[lane] = uint32_t(total);
    });
  }

  void runFloats(Warp &warp, const Slot *d, const Slot *c) {
    forEachSum(1, [&](Value &sum, unsigned r, unsigned lane, unsigned) {
      sum = std::bit_cast<float>(warp.lanes<uint32_t>(c[r])[lane]);
    });
    multiply();
    forEachSum(1, [&](Value sum, unsigned r, unsigned lane, unsigned) {
      warp.lanes<uint32_t>(d[r])[lane] = Element<float>::put(float(sum));
    });
  }

  void runHalves(Warp &warp, const Slot *d, const Slot *c) {
    forEachSum(2, [&](Value &sum, unsigned r, unsigned lane, unsigned i) {
      sum = Element<F16>::get((warp.lanes<uint32_t>(c[r])[lane] >> (16 * i)) & 0xffff);
    });
    multiply();
    forEachSum(2, [&](Value sum, unsigned r, unsigned lane, unsigned i) {
      uint32_t &to = warp.lanes<uint32_t>(d[r])[lane];
      to = (to & (0xffff0000 >> (16 * i))) | Element<F16>::put(double(sum)) << (16 * i);
    });
  }

public:
  static void run(Warp &warp, const Instruction &in, LaneMask) {
    Product product;
    unsigned results = in.count;
    const Slot *d = in.operands + 1, *a = d + results, *b = a + shape.a, *c = b + shape.b;
    product.readA(warp, a);
    product.readB(warp, b);
    if constexpr (isInteger)
      product.runIntegers(warp, d, c, in.mode);
    else if (in.mode)
      product.runHalves(warp, d, c);
    else
      product.runFloats(warp, d, c);
    ++warp.block.statistics.matrixInstructions;
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
