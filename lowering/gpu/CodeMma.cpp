//===- CodeMma.cpp - codes on tensor cores --------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/CodeMma.h"
#include "lowering/gpu/Fp8.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;
using llvm::ArrayRef;

//===----------------------------------------------------------------------===//
// Fragments
//===----------------------------------------------------------------------===//

/// A fragment 32 codes deep becomes two of f16, 16 deep each: the lower codes of each word, then
/// the upper ones. Both sides' codes are in that order, so it is no matter. `words` of one half of
/// the depth are next to each other.
static CodeMma::Fragment asHalves(PtxBuilder &b, q::Storage storage, ArrayRef<Value> words) {
  CodeMma::Fragment fragment;
  for (ArrayRef<Value> half :
       {words.take_front(words.size() / 2), words.drop_front(words.size() / 2)}) {
    CodeMma::Fragment upper;
    for (Value word : half) {
      auto [low, high] = fp8AsHalves(b, storage, b.wrap(word));
      fragment.push_back(low);
      upper.push_back(high);
    }
    fragment.append(upper);
  }
  return fragment;
}

Scalar CodeMma::widen(Scalar bits) {
  Scalar pairs = (bits | (bits << 8)) & 0x00ff00ff;
  if (product.isShifted())
    return ((pairs << 4) | (pairs << 8)) & int64_t(0xf0f0f0f0);
  return (pairs | (pairs << 4)) & 0x0f0f0f0f;
}

ArrayRef<Value> CodeMma::partOf(const Fragment &fragment, int64_t part) {
  size_t size = fragment.size() / parts();
  return ArrayRef(fragment).slice(part * size, size);
}

CodeMma::XTile CodeMma::xTile(ArrayRef<Value> words, std::array<Scalar, 2> rows, Scalar k) {
  XTile tile;
  tile.words =
      usesHalves() ? asHalves(b, product.getXScheme().getStorage(), words) : Fragment(words);
  for (int64_t part = 0; part < parts(); ++part) {
    if (blocks.isByBlock && blocks.hasXGroups)
      for (Scalar row : rows)
        tile.scales.push_back(product.xScale(row, placeOf(part, k)));
    if (product.hasOffset()) {
      Fragment ones(2 / parts(), b.i32(0x01010101));
      std::array<Scalar, 4> sums = multiplyPart(partOf(tile.words, part), ones);
      tile.codeSums.append({sums[0], sums[2]});
    }
  }
  return tile;
}

CodeMma::WeightTile CodeMma::weightTile(ArrayRef<Value> words, std::array<Scalar, 2> rows,
                                        Scalar k) {
  WeightTile tile;
  if (usesHalves())
    tile.words = asHalves(b, product.getWeightScheme().getStorage(), words);
  else if (product.getWeight().bits() == 8)
    for (Value word : words)
      tile.words.push_back(product.signedBytes(b.wrap(word)));
  else
    tile.words = Fragment(words);
  for (int64_t part = 0; blocks.isByBlock && part < parts(); ++part)
    for (Scalar row : rows)
      tile.parameters.push_back(product.weightParameters(row, placeOf(part, k)));
  return tile;
}

int CodeMma::halfExponent() {
  return fp8HalfExponent(product.getXScheme().getStorage()) +
         fp8HalfExponent(product.getWeightScheme().getStorage());
}

Scalar CodeMma::finish(Scalar sum, Scalar row, Scalar weightRow) {
  return product.finish(sum, row, weightRow, usesHalves() ? halfExponent() : 0);
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

MmaSums CodeMma::multiplyWords(ArrayRef<Value> x, ArrayRef<Value> weight, MmaSums sums) {
  if (blocks.isInteger)
    return b.mmaInt8(x, weight, sums);
  if (isNative)
    return b.mmaFp8(fp8Name(product.getXScheme().getStorage()), x,
                    fp8Name(product.getWeightScheme().getStorage()), weight, sums);
  for (; !x.empty(); x = x.drop_front(4), weight = weight.drop_front(2))
    sums = b.mmaF16(x.take_front(4), weight.take_front(2), sums);
  return sums;
}

std::array<Scalar, 4> CodeMma::multiplyPart(ArrayRef<Value> x, ArrayRef<Value> weight) {
  // Integers below 2^22 are added to the bits of 1.5 * 2^23, which makes those of a float.
  constexpr int64_t kMagic = 0x4b400000;
  constexpr double kMagicFloat = 12582912;
  Value none = blocks.isInteger ? b.i32(kMagic) : b.f32(0);
  MmaSums products = multiplyWords(x, weight, {none, none, none, none});
  std::array<Scalar, 4> floats;
  for (auto [result, sum] : llvm::zip_equal(floats, products))
    result =
        blocks.isInteger ? b.wrap(sum).bitcast(b.getF32Type()) - b.f32(kMagicFloat) : b.wrap(sum);
  return floats;
}

MmaSums CodeMma::multiply(const XTile &x, const WeightTile &weight, const MmaSums &sums) {
  if (blocks.isInteger && !blocks.isByBlock)
    return multiplyWords(x.words, weight.words, sums);
  MmaSums next = sums;
  for (int64_t part = 0; part < parts(); ++part) {
    std::array<Scalar, 4> products =
        multiplyPart(partOf(x.words, part), partOf(weight.words, part));
    for (int64_t e = 0; e < 4; ++e) {
      Scalar sum = b.wrap(next[e]);
      if (!blocks.isByBlock) {
        next[e] = sum + products[e];
        continue;
      }
      size_t row = 2 * part + e / 2;
      auto [scale, offset] = weight.parameters[2 * part + e % 2];
      if (usesHalves())
        scale = scale * b.f32(std::ldexp(1.0, halfExponent()));
      if (blocks.hasXGroups)
        scale = scale * x.scales[row];
      sum = fma(scale, products[e], sum);
      if (offset) {
        Scalar ofX = blocks.hasXGroups ? x.codeSums[row] * x.scales[row] : x.codeSums[row];
        sum = fma(offset, ofX, sum);
      }
      next[e] = sum;
    }
  }
  return next;
}
