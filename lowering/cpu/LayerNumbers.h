//===- LayerNumbers.h - what caches of layers differ in ---------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_LAYERNUMBERS_H
#define QOPT_LOWERING_CPU_LAYERNUMBERS_H

#include "dialects/kernel/Kernel.h"
#include "lowering/cpu/CacheGeometry.h"
#include "lowering/cpu/KernelBody.h"

namespace qopt::cpu {

// Static scales, and tables of scales that begin at a profile's, are a layer's own. Kernels that
// differ in them alone share their code, a private function with two arguments more: the addresses
// of the numbers of keys and of values. Each kernel calls it with its own.

/// The entries of a table of scales.
llvm::SmallVector<float> scalePoints(const CacheFormat::ScaleTable &table);

/// What code reads: a static scale and its zero, or the entries of a table of scales, of Lloyd-Max
/// codes then where one entry becomes nearer, in log, than the one before. Empty for other formats.
llvm::SmallVector<float> layerNumbers(const CacheFormat &format);

bool hasLayerNumbers(const CacheGeometry &cache);

/// Equal for kernels of caches that can share their code: all that they do, but for the numbers.
std::string sharedCodeKey(kernel::LaunchOpInterface op, const CacheGeometry &cache);

/// Adds a kernel that calls `code` with the numbers of the cache called `cacheName`.
void addCaller(EmittedModule &target, kernel::LaunchOpInterface op, mlir::func::FuncOp code,
               const CacheGeometry &cache, llvm::StringRef cacheName);

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_LAYERNUMBERS_H
