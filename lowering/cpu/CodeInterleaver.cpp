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

/// The rows of four k, each 32 unsigned bytes.
Values CodeInterleaver::loadRows(Value pointer, int64_t available) {
  Value zero = splat(b, 0), flip = splat(b, is4Bit ? 0x88 : 0x80);
  auto loadUnsigned = [&](int64_t row) -> Value {
    Value codes = b.load(bytesType(b), b.bytes(pointer, row * kBytes));
    return isSigned ? Value(arith::XOrIOp::create(b, codes, flip)) : codes;
  };
  Values rows;
  if (!is4Bit) {
    for (int64_t row = 0; row < 4; ++row)
      rows.push_back(row < available ? loadUnsigned(row) : zero);
    return rows;
  }
  auto words = VectorType::get(kBytes / 2, b.getI16Type());
  Value four = arith::ConstantOp::create(b, DenseElementsAttr::get(words, b.getI16IntegerAttr(4)));
  Value low = splat(b, 0x0f);
  for (int64_t k = 0; k < 4; k += 2) {
    Value pair = k < available ? loadUnsigned(k / 2) : zero;
    Value shifted = arith::ShRUIOp::create(b, vector::BitCastOp::create(b, words, pair), four);
    Value high = vector::BitCastOp::create(b, bytesType(b), shifted);
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
