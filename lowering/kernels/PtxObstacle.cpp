//===- PtxObstacle.cpp - codes that PTX kernels read ----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/kernels/PtxObstacle.h"

using namespace mlir;
using namespace qopt;

/// Codes that a lane loads at once: 16 bytes.
static int64_t codesPerLoadOf(q::SchemeAttr scheme) {
  return 128 / scheme.codeType().getIntOrFloatBitWidth();
}

std::string kernel::ptxObstacle(q::SchemeAttr scheme) {
  DenseI64ArrayAttr block = scheme.getBlock();
  int64_t codesPerLoad = codesPerLoadOf(scheme);
  if (block && block[1] % codesPerLoad != 0)
    return "no ptx kernel reads codes in groups of " + std::to_string(block[1]) +
           ": 16 bytes of them must lie in one group, so a multiple of " +
           std::to_string(codesPerLoad) + " has one";
  return "";
}

std::string kernel::ptxProductObstacle(q::SchemeAttr weight, q::SchemeAttr x, int64_t columns) {
  std::string reason = q::multipliesAsIntegers(weight, x)
                           ? q::integerBlockObstacle(weight, x, columns)
                           : q::blockObstacle(weight, x, columns);
  if (!reason.empty())
    return "no ptx kernel multiplies " + describe(x.toScheme()) + " activations by " +
           describe(weight.toScheme()) + " weights: " + reason;
  int64_t blocks = std::max(weight.groupsOf(columns), x.groupsOf(columns));
  int64_t codesPerLoad = codesPerLoadOf(weight);
  if (blocks > 1 && columns / blocks % codesPerLoad != 0)
    return "no ptx kernel multiplies activations by weights in blocks of " +
           std::to_string(columns / blocks) + ": a multiple of " + std::to_string(codesPerLoad) +
           " codes, 16 bytes of the weight, has one";
  return "";
}

std::string kernel::ptxQuantizeObstacle(q::SchemeAttr scheme, bool isGiven) {
  if (scheme.getGranularity() == q::Granularity::Group && scheme.getBlock()[1] % 16 != 0)
    return "no ptx kernel quantizes activations in groups of " +
           std::to_string(scheme.getBlock()[1]) + ": a multiple of 16 has one";
  if (scheme.isByRow() || isGiven)
    return "";
  return "no ptx kernel quantizes activations to " + describe(scheme.toScheme()) +
         ": by row or group, or with a given scale, has one";
}
