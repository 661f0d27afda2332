//===- MeasureMemory.h - the memory that a model takes ---------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_MEASUREMEMORY_H
#define QOPT_TOOLS_QRUN_MEASUREMEMORY_H

#include <cstdint>
#include <string>

namespace qopt {

/// Bytes that became resident in a process of its own, without what the program takes by itself.
struct MeasuredMemory {
  uint64_t weights, cache, activations;

  uint64_t total() const { return weights + cache + activations; }
};

/// Runs an artifact on the CPU: all weights are read, `batch` sequences have a cache of `context`
/// tokens, and a step of `chunk` rows as well as one of decoding run. Throws an Error if it cannot
/// be run so.
MeasuredMemory measureMemory(const std::string &path, int64_t context, int64_t batch,
                             int64_t chunk);

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_MEASUREMEMORY_H
