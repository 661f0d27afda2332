//===- CodePlacer.cpp - where a token's codes go --------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/CodePlacer.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

using Values = CodeBuilder::Values;

void CodePlacer::place(Value codes, Value block, Value slot) {
  if (pool.isKey)
    return placeKey(codes, block, slot);
  if (pool.isLinear())
    return placeQuads(codes, block, slot);
  if (pool.isSplit())
    return placeElements(codes, block, slot);
  placeValue(codes, block, slot);
}

/// The streams of `count` units of `type` that are `distance` codes apart, from code `first` on.
Values CodePlacer::pack(Value codes, Value first, int64_t count, Type type, int64_t distance) {
  Type unit = b.getIntegerType(pool.unitBytes() * 8);
  Values loaded;
  for (int64_t i = 0; i < count; ++i)
    loaded.push_back(b.load(type, b.element(unit, codes, b.add(first, i * distance))));
  return packCodes(b, pool.bits(), loaded);
}

/// Keys lie with tokens side by side: one code of each, or four linear ones.
void CodePlacer::placeKey(Value codes, Value block, Value slot) {
  int64_t together = pool.isLinear() ? kQuad : 1, count = pool.rowCodes();
  Type unit = b.getIntegerType(pool.unitBytes() * 8 * together);
  Value to = b.element(unit, block, slot);
  b.loop(b.i64(0), b.i64(pool.codeRows()), 1, [&](Value row) {
    Value first = b.multiply(row, count * together);
    Value rowAddress = b.bytes(to, b.multiply(row, pool.rowBytes()));
    for (auto [i, packed] : llvm::enumerate(pack(codes, first, count, unit, together)))
      b.store(packed, b.bytes(rowAddress, int64_t(i) * pool.streamStride()));
  });
}

/// Values lie with their elements side by side.
void CodePlacer::placeValue(Value codes, Value block, Value slot) {
  int64_t shared = pool.codesPerByte();
  auto vector = VectorType::get(kLanes, b.getIntegerType(pool.unitBytes() * 8));
  Value to = b.bytes(block, b.multiply(slot, pool.rowBytes()));
  b.loop(b.i64(0), b.i64(pool.paddedDim() / (kLanes * shared)), 1, [&](Value index) {
    Value first = b.multiply(index, kLanes * shared);
    b.store(pack(codes, first, shared, vector, kLanes).front(),
            b.bytes(to, b.multiply(index, pool.vectorBytes())));
  });
}

/// Eight elements of a value, one stream, end with a byte.
void CodePlacer::placeElements(Value codes, Value block, Value slot) {
  auto i64s = VectorType::get(kEight, b.getI64Type());
  int64_t bits = pool.bits();
  SmallVector<int64_t> places;
  for (int64_t i = 0; i < kEight; ++i)
    places.push_back(i * bits);
  Value shifts = arith::ConstantOp::create(b, DenseElementsAttr::get(i64s, ArrayRef(places)));
  Value mask = arith::ConstantOp::create(b, DenseElementsAttr::get(i64s, (int64_t(1) << bits) - 1));
  Value to = b.bytes(block, b.multiply(slot, pool.rowBytes()));
  b.loop(b.i64(0), b.i64(pool.paddedDim() / kEight), 1, [&](Value index) {
    Value eight =
        b.load(VectorType::get(kEight, b.getI8Type()), b.bytes(codes, b.multiply(index, kEight)));
    Value wide = arith::AndIOp::create(b, arith::ExtUIOp::create(b, i64s, eight), mask);
    wide = arith::ShLIOp::create(b, wide, shifts);
    Value stream = vector::ReductionOp::create(b, vector::CombiningKind::OR, wide);
    Value address = b.bytes(to, b.multiply(index, bits));
    int64_t byte = 0;
    for (int64_t size : {4, 2, 1}) {
      if ((bits & size) == 0)
        continue;
      Value part = arith::ShRUIOp::create(b, stream, b.i64(byte * 8));
      b.store(arith::TruncIOp::create(b, b.getIntegerType(size * 8), part), b.bytes(address, byte));
      byte += size;
    }
  });
}

/// Linear values: each token's bytes are three apart.
void CodePlacer::placeQuads(Value codes, Value block, Value slot) {
  int64_t lanes = pool.isSplit() ? kEight : kLanes, count = pool.rowCodes();
  int64_t bytes = bytesTogether(pool.bits());
  Value row = b.multiply(b.divide(slot, kQuad), pool.rowBytes());
  Value to = b.bytes(block, b.add(row, b.remainder(slot, kQuad)));
  auto vector = VectorType::get(lanes, b.getI8Type());
  b.loop(b.i64(0), b.i64(pool.paddedDim() / (lanes * count)), 1, [&](Value index) {
    Values packed = pack(codes, b.multiply(index, lanes * count), count, vector, lanes);
    Value at = b.bytes(to, b.multiply(index, bytes * lanes * kQuad));
    for (auto [i, byte] : llvm::enumerate(packed))
      for (int64_t lane = 0; lane < lanes; ++lane)
        b.store(vector::ExtractOp::create(b, byte, ArrayRef<int64_t>{lane}),
                b.bytes(at, (int64_t(i) * lanes + lane) * kQuad));
  });
}
