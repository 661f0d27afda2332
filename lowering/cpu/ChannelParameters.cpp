//===- ChannelParameters.cpp - scales and zeros of channels ---------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/ChannelParameters.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace qopt::cpu;

ChannelParameters ChannelParameters::load(CodeBuilder &b, const CachePool &pool, Value block,
                                          Value tokenGroup, Value first) {
  Value scales = pool.channelScaleAddress(b, block, tokenGroup, first);
  Value zeros = pool.channelZeroAddress(b, block, tokenGroup, first);
  if (!pool.format.progressive)
    return {b.loadVector(b.getF16Type(), scales), b.loadVector(b.getF16Type(), zeros)};
  auto bytes = VectorType::get(kLanes, b.getI8Type());
  Value scale = arith::UIToFPOp::create(b, b.vectorType(), b.load(bytes, scales));
  Value zero = arith::SIToFPOp::create(b, b.vectorType(), b.load(bytes, zeros));
  Value tile =
      b.broadcast(b.loadScalar(b.getF16Type(), pool.tileScaleAddress(b, block, tokenGroup)));
  return {b.mulf(scale, tile), b.mulf(zero, tile)};
}

ChannelParameters ChannelParameters::broadcast(CodeBuilder &b, const CachePool &pool, Value block,
                                               Value tokenGroup, Value channel) {
  Type f16 = b.getF16Type();
  Value scales = pool.channelScaleAddress(b, block, tokenGroup, channel);
  Value zeros = pool.channelZeroAddress(b, block, tokenGroup, channel);
  if (!pool.format.progressive)
    return {b.broadcast(b.loadScalar(f16, scales)), b.broadcast(b.loadScalar(f16, zeros))};
  Type i8 = b.getI8Type(), f32 = b.getF32Type();
  Value scale = arith::UIToFPOp::create(b, f32, b.load(i8, scales));
  Value zero = arith::SIToFPOp::create(b, f32, b.load(i8, zeros));
  Value tile = b.loadScalar(f16, pool.tileScaleAddress(b, block, tokenGroup));
  return {b.broadcast(b.mulf(scale, tile)), b.broadcast(b.mulf(zero, tile))};
}
