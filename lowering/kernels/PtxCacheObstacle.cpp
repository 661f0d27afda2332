//===- PtxCacheObstacle.cpp - caches that PTX kernels have ----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/kernels/PtxCacheObstacle.h"
#include "runtime/quantization/CacheFormat.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace qopt;

static std::string partObstacle(StringRef text, bool isKey, int64_t headDim) {
  CacheFormat format = parseCacheFormat(text);
  std::string subject = ("no ptx kernel has " + Twine(isKey ? "keys " : "values ") + text).str();
  if (format.channels || format.residual != 0)
    return subject + ": none codes by channel or keeps the newest tokens apart";
  // The lanes that hold a group find its scale by exchanges.
  int64_t group = format.groupOf(headDim);
  if (group != headDim && !llvm::isPowerOf2_64(uint64_t(group)))
    return subject + ": groups of powers of two have one";
  return "";
}

std::string kernel::ptxCacheObstacle(llm::CacheOp cache) {
  std::string keys = partObstacle(cache.getK(), /*isKey=*/true, cache.getHeadDim());
  return keys.empty() ? partObstacle(cache.getV(), /*isKey=*/false, cache.getHeadDim()) : keys;
}
