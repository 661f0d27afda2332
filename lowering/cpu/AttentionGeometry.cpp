//===- AttentionGeometry.cpp - items and scratch of attention -------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/AttentionGeometry.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

FailureOr<AttentionGeometry> AttentionGeometry::get(kernel::AttentionOp op,
                                                    const AttentionConfig &config) {
  FailureOr<CacheGeometry> cache = CacheGeometry::get(op, op.getCacheAttr());
  if (failed(cache))
    return failure();
  AttentionGeometry geometry = {config, *cache, staticRowsOf(op.getQ()), int64_t(op.getHeads())};
  if (geometry.headsPerKvHead() % config.heads != 0)
    return op.emitOpError() << "config 'heads' is " << config.heads << ", but "
                            << geometry.headsPerKvHead() << " heads share a KV head";
  return geometry;
}

int64_t AttentionGeometry::rowsPerItem() const {
  return staticRows ? std::min(*staticRows, config.rows) : config.rows;
}

kernel::LaunchAttr AttentionGeometry::launch(MLIRContext *context) const {
  return launchOver(context,
                    {getAffineConstantExpr(cache.kvHeads() * splits(), context),
                     rowBlocks(context, staticRows, rowsPerItem())},
                    scratchBytes());
}
