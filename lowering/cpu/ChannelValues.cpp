//===- ChannelValues.cpp - weighted sums of values coded by channel -------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/ChannelValues.h"
#include "lowering/cpu/ChannelParameters.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

using Values = CodeBuilder::Values;

// Where a query's rounded weights lie, in dwords.
static constexpr int64_t kUnit = 2 * kPageTokens / 4, kGroupSums = kUnit + kLanes;

Value ChannelValues::at(Value query, int64_t word) {
  return b.element(b.getI32Type(), query, geometry.scaledWeightOffset() + word);
}

Value ChannelValues::output(Value query, int64_t vector) {
  return b.element(b.getF32Type(), query, geometry.outputOffset() + vector * kLanes);
}

void ChannelValues::round(Value query) {
  Type f32 = b.getF32Type();
  Values weights;
  for (int64_t token = 0; token < kPageTokens; token += kLanes)
    weights.push_back(b.loadVector(f32, b.element(f32, query, geometry.scoreOffset() + token)));
  b.storeVector(dot.round(weights, at(query, 0), kPageTokens).unit, at(query, kUnit));
  int64_t vectors = pool.format.group / kLanes;
  for (int64_t group = 0; group < kPageTokens / pool.format.group; ++group) {
    Value sum = weights[group * vectors];
    for (int64_t v = 1; v < vectors; ++v)
      sum = b.addf(sum, weights[group * vectors + v]);
    b.store(vector::ExtractOp::create(b, b.sumOfLanes(sum), ArrayRef<int64_t>{0}),
            at(query, kGroupSums + group));
  }
}

void ChannelValues::accumulate(const AttentionTile &tile, Value values, Value tokens,
                               llvm::function_ref<void(Value step)> prefetch) {
  Type f32 = b.getF32Type();
  int64_t all = pool.headDim / kLanes, most = quadSums.vectorsAtOnce(tile.queries);
  for (int64_t q = 0; q < tile.queries; ++q) {
    Value query = tile.query(b, q);
    Value correction = b.loadVector(f32, b.element(f32, query, geometry.correctionOffset()));
    for (int64_t v = 0; v < all; ++v)
      b.storeVector(b.mulf(b.loadVector(f32, output(query, v)), correction), output(query, v));
  }
  b.loop(b.i64(0), b.divide(tokens, pool.format.group), 1, [&](Value group) {
    prefetch(group);
    for (int64_t first = 0; first < all; first += most)
      accumulateGroup(tile, values, group, first, std::min(most, all - first));
  });
}

void ChannelValues::accumulateGroup(const AttentionTile &tile, Value values, Value group,
                                    int64_t first, int64_t vectors) {
  Type f32 = b.getF32Type();
  auto i32s = VectorType::get(kLanes, b.getI32Type());
  int64_t quads = pool.format.group / kQuad;
  Values state;
  WideDot::Sums zeros = dot.begin(arith::ConstantOp::create(b, b.getZeroAttr(i32s)));
  for (int64_t i = 0; i < tile.queries * vectors; ++i)
    state.append(zeros.begin(), zeros.end());
  Value firstQuad = b.multiply(group, quads);
  state = b.loop(firstQuad, b.add(firstQuad, quads), 1, state, [&](Value quad, ValueRange sofar) {
    return quadSums.add(sofar, tile, values, quad, first, vectors);
  });
  for (int64_t v = 0; v < vectors; ++v) {
    ChannelParameters channels =
        ChannelParameters::load(b, pool, values, group, b.i64((first + v) * kLanes));
    for (int64_t q = 0; q < tile.queries; ++q) {
      Value query = tile.query(b, q);
      Value *sums = &state[2 * (q * vectors + v)];
      Value sum = arith::SIToFPOp::create(b, b.vectorType(), dot.finish({sums[0], sums[1]}));
      Value weights = b.broadcast(b.load(f32, b.element(f32, at(query, kGroupSums), group)));
      Value total = b.fma(weights, channels.zero, b.loadVector(f32, output(query, first + v)));
      Value scale = b.mulf(b.loadVector(f32, at(query, kUnit)), channels.scale);
      b.storeVector(b.fma(sum, scale, total), output(query, first + v));
    }
  }
}
