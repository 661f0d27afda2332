//===- ParameterReader.cpp - scales and zeros of panels -------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/ParameterReader.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

static constexpr int64_t kPanelWidth = llm::PackOp::kPanelWidth;

Value ParameterReader::panelAt(Value parameters, Value panel) {
  return b.bytes(parameters, b.multiply(panel, format.parameterBytes()));
}

Value ParameterReader::groupAt(Value panel, Value group) {
  Value together = b.divide(group, format.groupsTogether());
  return b.bytes(panel, b.multiply(together, format.parameterBytesTogether()));
}

Value ParameterReader::load(Value from, Value group, int64_t lane) {
  if (format.hasMultiples())
    return loadMultiple(from, group, lane);
  Value index = b.add(b.multiply(group, kPanelWidth), lane);
  return b.loadVector(format.parameterType, b.element(format.parameterType, from, index));
}

Value ParameterReader::loadMultiple(Value from, Value group, int64_t lane) {
  auto bytes = VectorType::get(kLanes, b.getI8Type());
  auto words = VectorType::get(kLanes, b.getI16Type());
  int64_t count = format.groupsTogether();
  Value first = b.bytes(groupAt(from, group), lane);
  auto row = [&](Value index) {
    return b.load(bytes, b.bytes(first, b.multiply(index, kPanelWidth)));
  };
  Value multiple = arith::ExtSIOp::create(b, VectorType::get(kLanes, b.getI32Type()),
                                          row(b.remainder(group, count)));
  Value low = arith::ExtUIOp::create(b, words, row(b.i64(count)));
  Value high = arith::ExtUIOp::create(b, words, row(b.i64(count + 1)));
  Value eight = arith::ConstantOp::create(b, DenseElementsAttr::get(words, b.getI16IntegerAttr(8)));
  Value halves = arith::OrIOp::create(b, low, arith::ShLIOp::create(b, high, eight));
  halves = arith::BitcastOp::create(b, VectorType::get(kLanes, b.getF16Type()), halves);
  return b.mulf(arith::SIToFPOp::create(b, b.vectorType(), multiple),
                arith::ExtFOp::create(b, b.vectorType(), halves));
}
