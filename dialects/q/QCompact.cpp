//===- QCompact.cpp - denser forms of codes and scales --------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/q/Q.h"
#include "runtime/quantization/GgmlScheme.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::q;

int64_t q::groupsOfProduct(SchemeAttr scheme) { return kSharedScaleColumns / scheme.getBlock()[1]; }

/// Whether codes in bytes need 6 bits at most, and rows are whole groups of four.
static bool haveSixBits(SchemeAttr scheme) {
  return scheme.getStorage() == q::Storage::Int8 &&
         scheme.getGranularity() == q::Granularity::Group && scheme.getBlock()[1] % 4 == 0 &&
         scheme.getRange()[0] >= -32 && scheme.getRange()[1] <= 31;
}

RankedTensorType q::compactType(SchemeAttr scheme, RankedTensorType type) {
  if (type.getRank() != 2)
    return type;
  int64_t rows = type.getDimSize(0), columns = type.getDimSize(1);
  Type i8 = IntegerType::get(type.getContext(), 8);
  if (type.getElementType() == i8)
    return haveSixBits(scheme) ? RankedTensorType::get({rows, columns / 4 * 3}, i8) : type;
  if (!type.getElementType().isF32())
    return type;
  if (scheme.getScale() == q::ScaleType::F16)
    return RankedTensorType::get(type.getShape(), Float16Type::get(type.getContext()));
  if (scheme.getScale() != q::ScaleType::F16Multiple || columns % groupsOfProduct(scheme) != 0)
    return type;
  int64_t shared = columns / groupsOfProduct(scheme);
  return RankedTensorType::get({rows, columns + 2 * shared}, i8);
}

LogicalResult CompactOp::verify() {
  auto type = cast<RankedTensorType>(getValue().getType());
  RankedTensorType expected = compactType(getScheme(), type);
  if (expected == type)
    return emitOpError() << type << " has no denser form under its scheme";
  if (getResult().getType() != expected)
    return emitOpError() << "result is " << getResult().getType() << "; " << expected
                         << " would fit";
  return success();
}
