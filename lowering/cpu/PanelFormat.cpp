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

PanelFormat PanelFormat::of(Value packed, q::SchemeAttr scheme, int64_t k) {
  return {getElementTypeOrSelf(packed.getType()), scheme, k};
}

int64_t PanelFormat::rowBytes() const {
  return llm::PackOp::kPanelWidth * type.getIntOrFloatBitWidth() / 8;
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
  return text;
}
