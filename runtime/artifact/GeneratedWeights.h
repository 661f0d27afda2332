//===- GeneratedWeights.h - weights made up when loaded ---------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_ARTIFACT_GENERATEDWEIGHTS_H
#define QOPT_RUNTIME_ARTIFACT_GENERATEDWEIGHTS_H

#include "runtime/artifact/HostMemory.h"
#include "runtime/artifact/Plan.h"
#include <span>

namespace qopt {

/// The generated weights of a plan, in one block of anonymous memory.
class GeneratedWeights {
public:
  GeneratedWeights() = default;

  /// Reserves memory for all of `plan`'s generated weights. Throws an Error if the machine has not
  /// as much. `file` is for messages.
  GeneratedWeights(const Plan &plan, const std::string &file);

  /// Gives them their values, with `threads` threads.
  void fill(const Plan &plan, unsigned threads);

  /// The bytes of weight `index` of the plan; empty if it is not generated.
  std::span<const std::byte> bytes(size_t index) const;

  /// What filling took.
  double seconds() const { return elapsed; }

private:
  struct Range {
    uint64_t offset = 0;
    uint64_t size = 0;
  };
  HostMemory memory;
  std::vector<Range> ranges; ///< One for each weight of the plan.
  double elapsed = 0;
};

} // namespace qopt

#endif // QOPT_RUNTIME_ARTIFACT_GENERATEDWEIGHTS_H
