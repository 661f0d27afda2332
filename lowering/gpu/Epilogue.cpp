//===- Epilogue.cpp - what a product does with its sums -------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/Epilogue.h"
#include "lowering/kernels/ScalarRegion.h"

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
