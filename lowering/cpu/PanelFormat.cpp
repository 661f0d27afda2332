//===- PanelFormat.cpp - how a packed weight lies in memory ---------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/PanelFormat.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

PanelFormat PanelFormat::of(Value packed, ValueRange parameters, q::SchemeAttr scheme, int64_t k) {
  PanelFormat format = {getElementTypeOrSelf(packed.getType()), scheme, k};
  if (!scheme)
    return format;
  format.hasSixBits =
      scheme.codeType().isInteger(8) && cast<RankedTensorType>(packed.getType()).getDimSize(1) != k;
  format.parameterType = getElementTypeOrSelf(parameters[0].getType());
  return format;
}

int64_t PanelFormat::parameterBytesTogether() const {
  if (hasMultiples()) // and the two bytes of the f16
    return (groupsTogether() + 2) * llm::PackOp::kPanelWidth;
  return llm::PackOp::kPanelWidth * parameterType.getIntOrFloatBitWidth() / 8;
}

int64_t PanelFormat::rowBytes() const {
  return llm::PackOp::kPanelWidth * type.getIntOrFloatBitWidth() / 8 * (hasSixBits ? 3 : 1);
}

std::string PanelFormat::name() const {
  std::string text;
  if (!scheme) {
    llvm::raw_string_ostream(text) << type;
    return text;
  }
  text = q::stringifyStorage(scheme.getStorage()).str();
  if (groups() > 1)
    text += "_g" + std::to_string(groupSize());
  if (hasZeros())
    text += "_" + q::stringifyZeroPoint(scheme.getZero()).str();
  if (hasSixBits)
    text += "_6bit";
  if (!parameterType.isF32())
    text += hasMultiples() ? "_multiples" : "_f16";
  return text;
}
