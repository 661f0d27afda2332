//===- WeightsFile.h - parameter expressions to weights.safetensors -*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_ARTIFACT_WEIGHTSFILE_H
#define QOPT_LOWERING_ARTIFACT_WEIGHTSFILE_H

#include "lowering/artifact/ParamExpression.h"

namespace qopt {

struct NamedParam {
  std::string name;
  ParamExpressionPtr value;
};

/// Computes the parameters and writes them to a safetensors file, in the order given. Threads take
/// a few panels of one tensor at a time, so that memory beside the mapped files is a few MB each.
/// Throws Error, and then leaves no file.
void writeWeightsFile(const std::string &path, std::span<const NamedParam> params,
                      unsigned threads);

} // namespace qopt

#endif // QOPT_LOWERING_ARTIFACT_WEIGHTSFILE_H
