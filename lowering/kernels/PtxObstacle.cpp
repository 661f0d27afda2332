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
  int64_t codesPerLoad = 128 / scheme.codeType().getIntOrFloatBitWidth();
  if (block && block[1] % codesPerLoad != 0)
    return "no ptx kernel reads codes in groups of " + std::to_string(block[1]) +
           ": 16 bytes of them must lie in one group, so a multiple of " +
           std::to_string(codesPerLoad) + " has one";
  return "";
}

std::string kernel::ptxIntegerObstacle(q::SchemeAttr weight, q::SchemeAttr x) {
  if (weight.getStorage() != q::Storage::Int8 || weight.getGranularity() != q::Granularity::Row ||
      weight.getZero() != q::ZeroPoint::None)
    return "no ptx kernel multiplies int8 activations by " + describe(weight.toScheme()) +
           " weights: symmetric int8 by row has one";
  if (x.getGranularity() == q::Granularity::Group)
    return "no ptx kernel multiplies activations in groups: those by row have one";
  return "";
}

std::string kernel::ptxQuantizeObstacle(q::SchemeAttr scheme, bool isGiven) {
  bool isRow = scheme.getGranularity() == q::Granularity::Row || isGiven;
  if (scheme.getStorage() == q::Storage::Int8 && scheme.getScale() == q::ScaleType::F32 && isRow)
    return "";
  return "no ptx kernel quantizes activations to " + describe(scheme.toScheme()) +
         ": int8 by row, or with a given scale, in f32, has one";
}
