//===- WeightsFile.h - parameter expressions to weights.safetensors -*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_ARTIFACT_WEIGHTSFILE_H
#define QOPT_LOWERING_ARTIFACT_WEIGHTSFILE_H

#include "lowering/artifact/ParamExpression.h"
#include <functional>

namespace qopt {

struct NamedParam {
  std::string name;
  ParamExpressionPtr value;
};

/// Takes bytes of the parameter `index`, `offset` bytes from its start, from any thread.
using ParamSink =
    std::function<void(size_t index, uint64_t offset, std::span<const std::byte> bytes)>;

/// Computes the parameters in the order given. Threads take whole rows of one tensor, a few MB at a
/// time, so that memory beside the mapped files is a few MB each. Throws Error.
void computeParams(std::span<const NamedParam> params, unsigned threads, const ParamSink &sink);

/// Writes them to a safetensors file. Throws Error, and then leaves no file.
void writeWeightsFile(const std::string &path, std::span<const NamedParam> params,
                      unsigned threads);

} // namespace qopt

#endif // QOPT_LOWERING_ARTIFACT_WEIGHTSFILE_H
