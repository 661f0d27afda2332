//===- PtxCacheObstacle.cpp - caches that PTX kernels have ----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/kernels/PtxCacheObstacle.h"

using namespace mlir;
using namespace qopt;

std::string kernel::ptxCacheObstacle(llm::CacheOp) { return ""; }
