//===- CodeInterleaver.cpp - four rows of a panel, byte by byte -----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/CodeInterleaver.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace qopt::cpu;

using Values = CodeBuilder::Values;

static constexpr int64_t kBytes = 32;
static constexpr int64_t kHalf = 16;

static VectorType bytesType(CodeBuilder &b) { return VectorType::get(kBytes, b.getI8Type()); }

static Value splat(CodeBuilder &b, uint8_t byte) {
  return arith::ConstantOp::create(
      b, DenseElementsAttr::get(bytesType(b), b.getI8IntegerAttr(int8_t(byte))));
}

/// The first or second half of each 16 bytes of two vectors, interleaved by elements of `size`
/// bytes.
static Value unpack(CodeBuilder &b, Value lhs, Value rhs, int64_t size, bool isHigh) {
  int64_t elements = kBytes / size, perHalf = kHalf / size;
  auto type = VectorType::get(elements, b.getIntegerType(8 * size));
  SmallVector<int64_t> lanes;
  for (int64_t half = 0; half < elements; half += perHalf)
    for (int64_t i = 0; i < perHalf / 2; ++i) {
      int64_t lane = half + (isHigh ? perHalf / 2 : 0) + i;
      lanes.append({lane, elements + lane});
    }
  Value mixed = b.shuffle(vector::BitCastOp::create(b, type, lhs),
                          vector::BitCastOp::create(b, type, rhs), lanes);
  return vector::BitCastOp::create(b, bytesType(b), mixed);
}

static Value shift(CodeBuilder &b, Value bytes, int64_t places) {
  auto words = VectorType::get(kBytes / 2, b.getI16Type());
  Value value = vector::BitCastOp::create(b, words, bytes);
  Value count = arith::ConstantOp::create(
      b, DenseElementsAttr::get(words, b.getI16IntegerAttr(int16_t(std::abs(places)))));
  value = places < 0 ? arith::ShLIOp::create(b, value, count).getResult()
                     : arith::ShRUIOp::create(b, value, count).getResult();
  return vector::BitCastOp::create(b, bytesType(b), value);
}

/// Low halves of two rows of bytes, and the upper bits of all four k in a third.
Values CodeInterleaver::loadSixBits(Value pointer) {
  auto loadRow = [&](int64_t row) { return b.load(bytesType(b), b.bytes(pointer, row * kBytes)); };
  Value low = splat(b, 0x0f), upper = splat(b, 0x30), sign = splat(b, 0x20), high = loadRow(2);
  Values rows;
  for (int64_t k = 0; k < 4; ++k) {
    Value half = loadRow(k / 2);
    half = arith::AndIOp::create(b, k % 2 ? shift(b, half, 4) : half, low);
    Value bits = k == 2 ? high : shift(b, high, 2 * k - 4);
    Value code = arith::OrIOp::create(b, half, arith::AndIOp::create(b, bits, upper));
    rows.push_back(isSigned ? arith::XOrIOp::create(b, code, sign).getResult() : code);
  }
  return rows;
}

/// The rows of four k, each 32 unsigned bytes.
Values CodeInterleaver::loadRows(Value pointer, int64_t available) {
  if (bits == 6) {
    assert(available == 4 && "codes of 6 bits are stored by four");
    return loadSixBits(pointer);
  }
  Value zero = splat(b, 0), flip = splat(b, bits == 4 ? 0x88 : 0x80);
  auto loadUnsigned = [&](int64_t row) -> Value {
    Value codes = b.load(bytesType(b), b.bytes(pointer, row * kBytes));
    return isSigned ? Value(arith::XOrIOp::create(b, codes, flip)) : codes;
  };
  Values rows;
  if (bits == 8) {
    for (int64_t row = 0; row < 4; ++row)
      rows.push_back(row < available ? loadUnsigned(row) : zero);
    return rows;
  }
  Value low = splat(b, 0x0f);
  for (int64_t k = 0; k < 4; k += 2) {
    Value pair = k < available ? loadUnsigned(k / 2) : zero;
    Value high = shift(b, pair, 4);
    rows.push_back(arith::AndIOp::create(b, pair, low));
    rows.push_back(k + 1 < available ? Value(arith::AndIOp::create(b, high, low)) : zero);
  }
  return rows;
}

Values CodeInterleaver::load(Value pointer, int64_t available) {
  Values rows = loadRows(pointer, available), vectors;
  for (bool isHigh : {false, true}) {
    Value first = unpack(b, rows[0], rows[1], 1, isHigh);
    Value second = unpack(b, rows[2], rows[3], 1, isHigh);
    vectors.push_back(unpack(b, first, second, 2, false));
    vectors.push_back(unpack(b, first, second, 2, true));
  }
  return vectors;
}

Values CodeInterleaver::inOrder(CodeBuilder &b, ValueRange vectors) {
  Values ordered;
  for (int64_t half = 0; half < 2; ++half) {
    SmallVector<int64_t> lanes;
    for (int64_t source = 0; source < 2; ++source)
      for (int64_t lane = 0; lane < 4; ++lane)
        lanes.push_back(source * 8 + half * 4 + lane);
    Value first = b.shuffle(vectors[0], vectors[1], lanes);
    Value second = b.shuffle(vectors[2], vectors[3], lanes);
    ordered.push_back(
        b.shuffle(first, second, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}));
  }
  return ordered;
}
