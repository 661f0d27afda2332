//===- MatvecCodes.cpp - few rows of codes --------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Integers are multiplied by dp4a, four at once; those of 4 bits as two words of signed bytes,
// which meet the even and the odd codes of x. fp8 becomes f32 in registers. 16 bytes of the weight
// lie in one block: where blocks have scales of their own, the sum of these terms is scaled.
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/CodeProduct.h"
#include "lowering/gpu/MatvecTerms.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;
using llvm::SmallVector;

namespace {

class CodeTerms : public MatvecTerms {
public:
  CodeTerms(kernel::MatmulOp op, KernelFunction &function)
      : b(function.getBuilder()), shape(op), product(op, function), blocks(product.getBlocks()) {}

  Scalar zero() override { return product.zero(); }
  Value weightsAt(Scalar row, Scalar k) override { return product.getWeight().at(row, k); }
  SmallVector<Scalar> loadWeights(Scalar row, Scalar k) override {
    return b.loadWords(weightsAt(row, k), Access::ReadOnly);
  }
  WeightCodes::Parameters loadParameters(Scalar row, Scalar k) override {
    return blocks.isByBlock ? product.weightParameters(row, k) : WeightCodes::Parameters();
  }
  Inputs loadInputs(Scalar row, Scalar k) override;
  void multiply(const Weights &weights, const Inputs &inputs, Scalar &even, Scalar &odd) override;
  Scalar finish(Scalar sum, Scalar row, Scalar weightRow) override {
    return product.finish(sum, row, weightRow);
  }

private:
  SmallVector<Scalar> loadCodes(Scalar row, Scalar k);
  /// Adds products of words of integers, or of numbers, to sums.
  void addIntegers(const Weights &weights, const Inputs &inputs, Scalar &even, Scalar &odd);
  void addFloats(const Weights &weights, const Inputs &inputs, Scalar &even, Scalar &odd);
  Scalar toFloat(Scalar integer) {
    return b.wrap(arith::SIToFPOp::create(b, b.getF32Type(), Value(integer)));
  }
  bool isShort() const { return shape.weightBits == 4; }

  PtxBuilder &b;
  MatmulShape shape;
  CodeProduct product;
  CodeBlocks blocks;
};

} // namespace

/// Words of x's codes, with zeros beyond the depth: the padding of a row holds no meaning.
SmallVector<Scalar> CodeTerms::loadCodes(Scalar row, Scalar k) {
  SmallVector<Scalar> words;
  for (int64_t i = 0; i < shape.weightsPerLoad(); i += 16)
    words.append(b.loadWords(product.xAt(row, k + i), product.xAccess()));
  if (shape.depth % shape.weightsPerLoad() == 0)
    return words;
  for (auto [i, word] : llvm::enumerate(words)) {
    Scalar index = k + int64_t(4 * i), end = b.i32(shape.depth);
    Scalar left = max(end, index) - index; // codes of the word that are within
    Scalar mask = (b.i32(1) << (left * 8)) - 1;
    word = select(left >= 4, word, word & mask);
  }
  return words;
}

MatvecTerms::Inputs CodeTerms::loadInputs(Scalar row, Scalar k) {
  Inputs inputs;
  SmallVector<Scalar> words = loadCodes(row, k);
  if (blocks.isByBlock && blocks.hasXGroups)
    inputs.scale = product.xScale(row, k);
  if (!blocks.isInteger) {
    for (Scalar word : words)
      inputs.words.append(decodeCodes(b, product.getXScheme(), word, 4));
    return inputs;
  }
  if (product.hasOffset()) {
    Scalar sum = b.i32(0);
    for (Scalar word : words)
      sum = b.dotInt8(word, b.i32(0x01010101), sum);
    inputs.sum = toFloat(sum);
  }
  if (!isShort()) {
    inputs.words = words;
    return inputs;
  }
  for (size_t i = 0; i < words.size(); i += 2)
    for (int64_t bytes : {0x6420, 0x7531})
      inputs.words.push_back(b.permuteBytes(words[i], words[i + 1], bytes));
  return inputs;
}

void CodeTerms::addIntegers(const Weights &weights, const Inputs &inputs, Scalar &even,
                            Scalar &odd) {
  SmallVector<Scalar> words;
  for (Scalar word : weights.words) {
    if (!isShort()) {
      words.push_back(product.signedBytes(word));
      continue;
    }
    auto [first, second] = product.signedHalves(word);
    words.append({first, second});
  }
  for (size_t i = 0; i < words.size(); i += 2) {
    even = b.dotInt8(words[i], inputs.words[i], even);
    odd = b.dotInt8(words[i + 1], inputs.words[i + 1], odd);
  }
}

void CodeTerms::addFloats(const Weights &weights, const Inputs &inputs, Scalar &even, Scalar &odd) {
  for (auto [i, word] : llvm::enumerate(weights.words)) {
    SmallVector<Scalar> values = product.getWeight().decode(word, 4);
    for (size_t j = 0; j < 4; j += 2) {
      even = fma(values[j], inputs.words[4 * i + j], even);
      odd = fma(values[j + 1], inputs.words[4 * i + j + 1], odd);
    }
  }
}

void CodeTerms::multiply(const Weights &weights, const Inputs &inputs, Scalar &even, Scalar &odd) {
  if (!blocks.isByBlock) {
    blocks.isInteger ? addIntegers(weights, inputs, even, odd)
                     : addFloats(weights, inputs, even, odd);
    return;
  }
  Scalar scale = weights.parameters.scale, offset = weights.parameters.offset;
  if (inputs.scale) {
    scale = scale * inputs.scale;
    if (offset)
      offset = offset * inputs.scale;
  }
  if (!blocks.isInteger) {
    Scalar evenSum = b.f32(0), oddSum = b.f32(0);
    addFloats(weights, inputs, evenSum, oddSum);
    even = fma(scale, evenSum, even);
    odd = fma(scale, oddSum, odd);
    return;
  }
  Scalar evenSum = b.i32(0), oddSum = b.i32(0);
  addIntegers(weights, inputs, evenSum, oddSum);
  even = fma(scale, toFloat(evenSum + oddSum), even);
  if (offset)
    odd = fma(offset, inputs.sum, odd);
}

std::unique_ptr<MatvecTerms> ptx::createCodeTerms(kernel::MatmulOp op, KernelFunction &function) {
  return std::make_unique<CodeTerms>(op, function);
}
