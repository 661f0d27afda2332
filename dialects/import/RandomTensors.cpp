//===- RandomTensors.cpp - random weights for a model's shape -------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/import/RandomTensors.h"
#include "dialects/import/ElementType.h"
#include "dialects/llm/Llm.h"
#include <cmath>

using namespace mlir;
using namespace qopt;

RandomTensors::RandomTensors(int64_t seed, DType dtype, MLIRContext *context)
    : seed(seed), elementType(elementTypeOf(dtype, context)) {}

Tensor RandomTensors::get(const TensorRequest &request) {
  Builder builder(elementType.getContext());
  auto splat = [&](double value) {
    return llm::SplatAttr::get(builder.getContext(), builder.getF64FloatAttr(value));
  };
  auto random = [&](int64_t inputs) {
    return llm::RandomAttr::get(builder.getContext(), seed,
                                builder.getF64FloatAttr(1 / std::sqrt(double(inputs))));
  };
  Tensor tensor = {RankedTensorType::get(request.shape, elementType), {}};
  switch (request.use) {
  case TensorRequest::Use::Matrix:
    tensor.contents = random(request.shape.back());
    break;
  case TensorRequest::Use::Conv1d:
    tensor.contents = random(request.shape.front());
    break;
  case TensorRequest::Use::Norm:
    tensor.contents = splat(1);
    break;
  case TensorRequest::Use::Bias:
    tensor.contents = splat(0);
    break;
  }
  return tensor;
}
