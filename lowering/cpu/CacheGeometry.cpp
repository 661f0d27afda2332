//===- CacheGeometry.cpp - where keys and values lie ----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/CacheGeometry.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

FailureOr<CacheGeometry> CacheGeometry::get(Operation *op, FlatSymbolRefAttr symbol) {
  auto cache = SymbolTable::lookupNearestSymbolFrom<llm::CacheOp>(op, symbol);
  if (!cache)
    return op->emitOpError() << "there is no llm.cache " << symbol;
  for (StringRef format : {cache.getK(), cache.getV()})
    if (format != "native")
      return op->emitOpError() << "cache " << symbol << " has format '" << format
                               << "'; CPU kernels have 'native' only";
  return CacheGeometry{int64_t(cache.getKvHeads()), int64_t(cache.getHeadDim())};
}

static Value blockAddress(CodeBuilder &b, Value pool, Value page, Value head, int64_t heads,
                          int64_t elements) {
  Value block = b.add(b.multiply(page, heads), head);
  return b.element(b.getF32Type(), pool, b.multiply(block, elements));
}

Value CacheGeometry::keyBlock(CodeBuilder &b, Value pool, Value page, Value head) const {
  return blockAddress(b, pool, page, head, kvHeads, keyBlockElements());
}

Value CacheGeometry::valueBlock(CodeBuilder &b, Value pool, Value page, Value head) const {
  return blockAddress(b, pool, page, head, kvHeads, valueBlockElements());
}
