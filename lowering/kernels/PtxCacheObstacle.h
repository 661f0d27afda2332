//===- PtxCacheObstacle.h - caches that PTX kernels have --------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_KERNELS_PTXCACHEOBSTACLE_H
#define QOPT_LOWERING_KERNELS_PTXCACHEOBSTACLE_H

#include "dialects/llm/Llm.h"
#include <string>

namespace qopt::kernel {

/// Why no PTX kernel appends to `cache` and attends over it; empty if some do.
std::string ptxCacheObstacle(llm::CacheOp cache);

} // namespace qopt::kernel

#endif // QOPT_LOWERING_KERNELS_PTXCACHEOBSTACLE_H
