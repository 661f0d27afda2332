//===- Epilogue.cpp - what a product does with its sums -------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/Epilogue.h"
#include "lowering/kernels/ScalarRegion.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;
using llvm::ArrayRef;
using llvm::SmallVector;

SmallVector<Scalar> Epilogue::loadExtra(Value extra, Scalar row, Scalar column, unsigned count) {
  PtxBuilder &b = function.getBuilder();
  if (isWeight(extra)) {
    Matrix vector = function.vector(extra);
    return b.loadFloats(vector.base, vector.element, column, count, vector.access);
  }
  Matrix matrix = function.activation(extra);
  return b.loadFloats(matrix.row(b, row), matrix.element, column, count, matrix.access);
}

Scalar Epilogue::scaleInteger(Scalar sum, Scalar row, Scalar weightRow) {
  PtxBuilder &b = function.getBuilder();
  auto load = [&](const Matrix &matrix, Value base, Scalar index) {
    return b.loadFloats(base, matrix.element, index, 1, matrix.access).front();
  };
  // One scale for all rows of x is a parameter, or a scale for each.
  bool isGiven = isWeight(op.getXScales());
  Matrix ofX = isGiven ? function.vector(op.getXScales()) : function.activation(op.getXScales());
  Matrix ofWeight = function.vector(op.getWeightParameters()[0]);
  Scalar scale = load(ofX, isGiven ? ofX.base : ofX.row(b, row), b.i32(0)) *
                 load(ofWeight, ofWeight.base, weightRow);
  return b.wrap(arith::SIToFPOp::create(b, b.getF32Type(), Value(sum))) * scale;
}

void Epilogue::store(Scalar row, Scalar column, ArrayRef<SmallVector<Scalar>> sums) {
  PtxBuilder &b = function.getBuilder();
  SmallVector<SmallVector<Scalar>> extras;
  for (Value extra : op.getExtras())
    extras.push_back(loadExtra(extra, row, column, sums.size()));
  SmallVector<Scalar> values;
  for (auto [i, ways] : llvm::enumerate(sums)) {
    SmallVector<Value> arguments = llvm::to_vector_of<Value>(ways);
    for (ArrayRef<Scalar> extra : extras)
      arguments.push_back(extra[i]);
    values.push_back(b.wrap(kernel::inlineScalarRegion(b, op.getEpilogue(), arguments)));
  }
  Matrix result = function.activation(op.getResult());
  b.storeFloats(result.row(b, row), result.element, column, values);
}
