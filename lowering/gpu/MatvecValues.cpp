//===- MatvecValues.cpp - few rows of bf16 --------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Weights are bf16, or codes that are decoded in registers: 16 bytes of them lie in one group,
// whose scale multiplies their sum.
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/MatvecTerms.h"
#include "lowering/gpu/SharedTile.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;
using llvm::SmallVector;

namespace {

class ValueTerms : public MatvecTerms {
public:
  ValueTerms(kernel::MatmulOp op, KernelFunction &function)
      : b(function.getBuilder()), shape(op), x(function.activation(op.getX())),
        weight(function.weightRows(op.getWeight())) {}

  Scalar zero() override { return b.f32(0); }
  Value weightsAt(Scalar row, Scalar k) override {
    return b.elementPtr(weight.row(b, row), weight.element, k);
  }
  SmallVector<Scalar> loadWeights(Scalar row, Scalar k) override {
    return b.loadWords(weightsAt(row, k), weight.access);
  }
  WeightCodes::Parameters loadParameters(Scalar, Scalar) override { return {}; }
  Inputs loadInputs(Scalar row, Scalar k) override;
  void multiply(const Weights &weights, const Inputs &inputs, Scalar &even, Scalar &odd) override;

protected:
  PtxBuilder &b;
  MatmulShape shape;
  Matrix x, weight;
};

class WeightCodeTerms : public ValueTerms {
public:
  WeightCodeTerms(kernel::MatmulOp op, KernelFunction &function)
      : ValueTerms(op, function), codes(function, op.getWeight(), op.getWeightParameters(),
                                        *op.getWeightScheme(), shape.depth) {}

  Value weightsAt(Scalar row, Scalar k) override { return codes.at(row, k); }
  WeightCodes::Parameters loadParameters(Scalar row, Scalar k) override {
    return codes.loadParameters(row, k);
  }
  void multiply(const Weights &weights, const Inputs &inputs, Scalar &even, Scalar &odd) override;

private:
  WeightCodes codes;
};

} // namespace

MatvecTerms::Inputs ValueTerms::loadInputs(Scalar row, Scalar k) {
  Inputs inputs;
  for (int64_t chunk = 0; chunk < shape.weightsPerLoad(); chunk += kChunk)
    inputs.words.append(b.loadWords(b.elementPtr(x.row(b, row), x.element, k + chunk), x.access));
  if (shape.depth % shape.weightsPerLoad() == 0)
    return inputs;
  // The padding of a row holds no meaning.
  for (auto [i, word] : llvm::enumerate(inputs.words)) {
    Scalar index = k + int64_t(2 * i);
    Scalar onlyLow = word & 0xffff;
    word = select(index + 1 < shape.depth, word, select(index < shape.depth, onlyLow, b.i32(0)));
  }
  return inputs;
}

void ValueTerms::multiply(const Weights &weights, const Inputs &inputs, Scalar &even, Scalar &odd) {
  for (auto [w, v] : llvm::zip_equal(weights.words, inputs.words)) {
    even = fma(b.lowFloat(w), b.lowFloat(v), even);
    odd = fma(b.highFloat(w), b.highFloat(v), odd);
  }
}

void WeightCodeTerms::multiply(const Weights &weights, const Inputs &inputs, Scalar &even,
                               Scalar &odd) {
  int64_t perWord = 32 / shape.weightBits;
  const WeightCodes::Parameters &parameters = weights.parameters;
  Scalar evenSum = b.f32(0), oddSum = b.f32(0), inputSum = b.f32(0);
  for (auto [i, word] : llvm::enumerate(weights.words)) {
    SmallVector<Scalar> values = codes.decode(word, perWord);
    for (int64_t pair = 0; pair < perWord / 2; ++pair) {
      Scalar input = inputs.words[i * perWord / 2 + pair];
      evenSum = fma(values[2 * pair], b.lowFloat(input), evenSum);
      oddSum = fma(values[2 * pair + 1], b.highFloat(input), oddSum);
      if (parameters.offset)
        inputSum = inputSum + (b.lowFloat(input) + b.highFloat(input));
    }
  }
  even = fma(parameters.scale, evenSum, even);
  odd = fma(parameters.scale, oddSum, odd);
  if (parameters.offset)
    even = fma(parameters.offset, inputSum, even);
}

std::unique_ptr<MatvecTerms> ptx::createValueTerms(kernel::MatmulOp op, KernelFunction &function) {
  if (op.getWeightScheme())
    return std::make_unique<WeightCodeTerms>(op, function);
  return std::make_unique<ValueTerms>(op, function);
}
