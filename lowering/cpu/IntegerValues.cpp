//===- IntegerValues.cpp - weighted sums of integer values ----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/IntegerValues.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

using Values = CodeBuilder::Values;

// Where a query's rounded weights lie, in dwords: two parts, then vectors of what a code's unit
// stands for, of the sum that the codes' bias adds, and of what zeros add.
static constexpr int64_t kUnit = 2 * kPageTokens / 4;
static constexpr int64_t kBiasSum = kUnit + kLanes, kZeroSum = kBiasSum + kLanes;

IntegerValues::IntegerValues(const AttentionGeometry &geometry, CodeBuilder &b,
                             EmittedModule &target)
    : geometry(geometry), pool(geometry.cache.values), linear(*pool.format.linear()), b(b),
      decoder(b, target, pool), dot(b, target.level), quadSums(geometry, b, dot) {}

Value IntegerValues::at(Value query, int64_t word) {
  return b.element(b.getI32Type(), query, geometry.scaledWeightOffset() + word);
}

void IntegerValues::round(Value query, Value values, Value group) {
  Type f32 = b.getF32Type();
  auto i32s = VectorType::get(kLanes, b.getI32Type());
  Value zeroSum = b.splat(0.0);
  Values scaled;
  for (int64_t token = 0; token < kPageTokens; token += kLanes) {
    Value weights = b.loadVector(f32, b.element(f32, query, geometry.scoreOffset() + token));
    scaled.push_back(b.mulf(weights, decoder.scales(values, group, b.i64(token))));
    if (pool.format.hasZero())
      zeroSum = b.fma(weights, decoder.zeros(values, group, b.i64(token)), zeroSum);
  }
  WideDot::Rounded rounded = dot.round(scaled, at(query, 0), kPageTokens);
  Value unit = b.mulf(rounded.unit, b.splat(linear.step));
  Value bias = arith::ConstantOp::create(b, DenseElementsAttr::get(i32s, int32_t(linear.bias)));
  zeroSum = b.sumOfLanes(zeroSum);
  if (linear.offset != 0) {
    Value sum = arith::SIToFPOp::create(b, b.vectorType(), rounded.sum);
    zeroSum = b.fma(b.mulf(sum, b.splat(linear.offset)), unit, zeroSum);
  }
  b.storeVector(unit, at(query, kUnit));
  b.store(arith::MulIOp::create(b, rounded.sum, bias), at(query, kBiasSum));
  b.storeVector(zeroSum, at(query, kZeroSum));
}

void IntegerValues::accumulate(const AttentionTile &tile, Value values, Value tokens,
                               int64_t firstVector, int64_t vectors,
                               llvm::function_ref<void(Value step)> prefetch) {
  int64_t most = quadSums.vectorsAtOnce(tile.queries);
  for (int64_t first = 0; first < vectors; first += most)
    accumulateChunk(tile, values, tokens, firstVector + first, std::min(most, vectors - first),
                    first == 0 ? prefetch : llvm::function_ref<void(Value)>());
}

void IntegerValues::accumulateChunk(const AttentionTile &tile, Value values, Value tokens,
                                    int64_t firstVector, int64_t vectors,
                                    llvm::function_ref<void(Value step)> prefetch) {
  Type f32 = b.getF32Type();
  auto i32s = VectorType::get(kLanes, b.getI32Type());
  Values state;
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(i32s));
  for (int64_t q = 0; q < tile.queries; ++q) {
    Value bias = b.load(i32s, at(tile.query(b, q), kBiasSum));
    WideDot::Sums sums = dot.begin(arith::SubIOp::create(b, zero, bias));
    for (int64_t v = 0; v < vectors; ++v)
      state.append(sums.begin(), sums.end());
  }
  Value quads = b.divide(b.add(tokens, kQuad - 1), kQuad);
  state = b.loop(b.i64(0), quads, 1, state, [&](Value quad, ValueRange current) {
    if (prefetch)
      prefetch(quad);
    return quadSums.add(current, tile, values, quad, firstVector, vectors);
  });
  for (int64_t q = 0; q < tile.queries; ++q) {
    Value query = tile.query(b, q);
    Value correction = b.loadVector(f32, b.element(f32, query, geometry.correctionOffset()));
    Value unit = b.loadVector(f32, at(query, kUnit));
    Value zeroSum = b.loadVector(f32, at(query, kZeroSum));
    for (int64_t v = 0; v < vectors; ++v) {
      Value *sums = &state[2 * (q * vectors + v)];
      Value sum = arith::SIToFPOp::create(b, b.vectorType(), dot.finish({sums[0], sums[1]}));
      Value address = b.element(f32, query, geometry.outputOffset() + (firstVector + v) * kLanes);
      Value output = b.fma(b.loadVector(f32, address), correction, zeroSum);
      b.storeVector(b.fma(sum, unit, output), address);
    }
  }
}
