//===- AttentionGeometry.cpp - items and scratch of attention -------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/AttentionGeometry.h"
#include "lowering/cpu/ChannelScores.h"
#include "lowering/cpu/ChannelValues.h"
#include "lowering/cpu/IntegerScores.h"
#include "lowering/cpu/IntegerValues.h"
#include "lowering/cpu/KeyTile.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

FailureOr<AttentionGeometry> AttentionGeometry::get(kernel::AttentionOp op,
                                                    const AttentionConfig &config) {
  FailureOr<CacheGeometry> cache = CacheGeometry::get(op, op.getCacheAttr());
  if (failed(cache))
    return failure();
  AttentionGeometry geometry = {config,
                                *cache,
                                staticRowsOf(op.getQ()),
                                int64_t(op.getHeads()),
                                op.getSoftmaxAttr(),
                                op.getRopeAttr(),
                                {}};
  if (op.getKeyBias())
    geometry.keyBias = getElementTypeOrSelf(op.getKeyBias());
  if (geometry.headsPerKvHead() % config.heads != 0)
    return op.emitOpError() << "config 'heads' is " << config.heads << ", but "
                            << geometry.headsPerKvHead() << " heads share a KV head";
  return geometry;
}

int64_t AttentionGeometry::rowsPerItem() const {
  return staticRows ? std::min(*staticRows, config.rows) : config.rows;
}

int64_t AttentionGeometry::queryPartsOffset() const {
  if (cache.values.format.channels)
    return scaledWeightOffset() + ChannelValues::kQueryWords;
  if (cache.values.isLinear())
    return scaledWeightOffset() + IntegerValues::kQueryWords;
  return scaledWeightOffset() + (cache.values.format.isScaled() ? kPageTokens : 0);
}

int64_t AttentionGeometry::windowScoreOffset() const {
  int64_t words = 0;
  if (rope)
    words = cache.paddedDim();
  else if (cache.keys.format.channels)
    words = ChannelScores::queryWords(cache.keys);
  else if (cache.keys.isLinear())
    words = IntegerScores::queryWords(cache.keys);
  return queryPartsOffset() + int64_t(llvm::alignTo(words, kLanes));
}

int64_t AttentionGeometry::scratchBytes() const {
  int64_t tileBytes = rope ? KeyTile::bytes(cache.headDim()) : 0;
  return keyTileOffset() * int64_t(sizeof(float)) + tileBytes;
}

kernel::LaunchAttr AttentionGeometry::launch(MLIRContext *context) const {
  return launchOver(context,
                    {getAffineConstantExpr(cache.kvHeads() * splits(), context),
                     rowBlocks(context, staticRows, rowsPerItem())},
                    scratchBytes());
}
