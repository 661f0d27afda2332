//===- PtxCacheObstacle.cpp - caches that PTX kernels have ----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/kernels/PtxCacheObstacle.h"
#include "runtime/quantization/CacheFormat.h"

using namespace mlir;
using namespace qopt;

static std::string partObstacle(StringRef text, bool isKey) {
  CacheFormat format = parseCacheFormat(std::string_view(text));
  std::string subject = ("no ptx kernel has " + Twine(isKey ? "keys " : "values ") + text).str();
  if (format.beforeRope)
    return subject + ": none rotates keys as it reads them";
  return "";
}

std::string kernel::ptxCacheObstacle(llm::CacheOp cache) {
  std::string keys = partObstacle(cache.getK(), /*isKey=*/true);
  return keys.empty() ? partObstacle(cache.getV(), /*isKey=*/false) : keys;
}
