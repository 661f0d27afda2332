//===- PtxObstacle.cpp - codes that PTX kernels read ----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/kernels/PtxObstacle.h"

using namespace mlir;
using namespace qopt;

std::string kernel::ptxObstacle(q::SchemeAttr scheme) {
  DenseI64ArrayAttr block = scheme.getBlock();
  if (block && block[1] % 32 != 0)
    return "no ptx kernel reads codes in groups of " + std::to_string(block[1]) +
           ": 16 bytes of them must lie in one group, so a multiple of 32 has one";
  return "";
}
