//===- KernelName.h - what makes launches identical, and their name -*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_KERNELS_KERNELNAME_H
#define QOPT_LOWERING_KERNELS_KERNELNAME_H

#include "dialects/kernel/Kernel.h"
#include <string>

namespace qopt::kernel {

/// Everything that the emitted code depends on, as text: op, types, whether an operand is a weight
/// or an activation (their strides differ), attributes, the cache's shape and formats, the region.
/// Launches with equal keys share a kernel.
std::string kernelKey(LaunchOpInterface op, llm::CacheOp cache);

/// A name of letters, digits and underscores that says what the kernel computes. Kernels with
/// different keys can have equal names.
std::string kernelName(LaunchOpInterface op, llm::CacheOp cache);

} // namespace qopt::kernel

#endif // QOPT_LOWERING_KERNELS_KERNELNAME_H
