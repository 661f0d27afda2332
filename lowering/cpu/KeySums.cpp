//===- KeySums.cpp - sums of integer keys times queries -------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/KeySums.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

using Values = CodeBuilder::Values;

Values KeySums::sum(const AttentionTile &tile, Value keys, const Range &range, OfQuery parts,
                    int64_t partBytes, OfQuery bias, llvm::function_ref<void(Value row)> prefetch) {
  auto i32s = VectorType::get(kLanes, b.getI32Type());
  auto codesType = VectorType::get(kLanes * kQuad, b.getI8Type());
  int64_t together = pool.rowCodes();
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(b.getI32Type()));
  Values state;
  for (int64_t q = 0; q < tile.queries; ++q) {
    Value start = arith::SubIOp::create(b, zero, b.load(b.getI32Type(), bias(q)));
    WideDot::Sums sums = dot.begin(vector::BroadcastOp::create(b, i32s, start));
    for (int64_t v = 0; v < range.vectors; ++v)
      state.append(sums.begin(), sums.end());
  }
  state = b.loop(b.i64(0), b.i64(range.rows), 1, state, [&](Value index, ValueRange current) {
    Value row = b.add(range.firstRow, index);
    if (prefetch)
      prefetch(row);
    Value rowAddress = b.bytes(keys, b.multiply(row, pool.rowBytes()));
    // Byte `byte` of the streams of a vector of tokens.
    auto load = [&](int64_t v, int64_t byte) {
      int64_t offset = byte * pool.streamStride() + (range.token + v * kLanes) * kQuad;
      return b.load(codesType, b.bytes(rowAddress, offset));
    };
    Values next(current);
    for (int64_t i = 0; i < together; ++i) {
      CodePlace place = CodePlace::of(i, pool.bits());
      Values codes;
      for (int64_t v = 0; v < range.vectors; ++v)
        codes.push_back(extractCode(b, place, load(v, place.byte),
                                    place.isSplit() ? load(v, place.byte + 1) : Value()));
      for (int64_t q = 0; q < tile.queries; ++q) {
        Value element = b.multiply(b.add(b.multiply(row, together), i), kQuad);
        WideDot::Factor factor = dot.factor(b.bytes(parts(q), element), partBytes);
        for (int64_t v = 0; v < range.vectors; ++v) {
          Value *sums = &next[2 * (q * range.vectors + v)];
          auto [first, second] = dot.add({sums[0], sums[1]}, codes[v], factor);
          sums[0] = first;
          sums[1] = second;
        }
      }
    }
    return next;
  });
  Values finished;
  for (size_t i = 0; i < state.size(); i += 2)
    finished.push_back(dot.finish({state[i], state[i + 1]}));
  return finished;
}
