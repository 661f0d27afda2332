//===- RopeAppendLaunch.h - scratch memory of rope_append -------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_ROPEAPPENDLAUNCH_H
#define QOPT_LOWERING_CPU_ROPEAPPENDLAUNCH_H

#include "lowering/cpu/CacheGeometry.h"

namespace qopt::cpu {

/// A head in f32 and, where the cache is compressed, its codes.
int64_t ropeAppendScratchBytes(const CacheGeometry &cache);

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_ROPEAPPENDLAUNCH_H
