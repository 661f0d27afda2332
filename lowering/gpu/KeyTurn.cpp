//===- KeyTurn.cpp - keys that turn as they are read ----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/KeyTurn.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "runtime/quantization/Hadamard.h"
#include <cmath>

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;
using llvm::ArrayRef;
using Values = KeyTurn::Values;

static Scalar negate(PtxBuilder &b, Scalar x) { return b.wrap(arith::NegFOp::create(b, Value(x))); }

Values KeyTurn::angles(Scalar position, Scalar pair) const {
  int64_t half = pool.headDim / 2, width = half % 2 == 0 ? 2 : 1; // pairs of a load
  Values angles;
  for (int64_t i = 0; i < 2; i += width) {
    Scalar first = min(pair + i, b.i32(half - width));
    angles.append(b.loadFloats(ropeTable, b.getF32Type(), (position * half + first) * 2,
                               unsigned(2 * width), Access::ReadOnly));
  }
  return angles;
}

Values KeyTurn::biases(Scalar pair) const {
  int64_t half = pool.headDim / 2, width = half % 2 == 0 ? 2 : 1;
  Values biases;
  for (int64_t i = 0; i < 2; i += width) {
    Scalar first = min(pair + i, b.i32(half - width));
    auto load = [&](Scalar index) {
      return b.loadFloats(bias, b.getF32Type(), index, unsigned(width), Access::ReadOnly);
    };
    for (auto [low, high] : llvm::zip_equal(load(first), load(first + half)))
      biases.append({low, high});
  }
  return biases;
}

Values KeyTurn::turn(ArrayRef<Scalar> values, ArrayRef<Scalar> biases,
                     ArrayRef<Scalar> angles) const {
  Values words;
  for (size_t i = 0; i < values.size(); i += 2) {
    Scalar low = values[i], high = values[i + 1], cosine = angles[i], sine = angles[i + 1];
    if (!biases.empty()) {
      low = low + biases[i];
      high = high + biases[i + 1];
    }
    words.push_back(
        b.packBf16(fma(low, cosine, negate(b, high * sine)), fma(high, cosine, low * sine)));
  }
  return words;
}

Values KeyTurn::turnBack(ArrayRef<Scalar> values, ArrayRef<Scalar> angles) const {
  Values words;
  for (size_t i = 0; i < values.size(); i += 2) {
    Scalar low = values[i], high = values[i + 1], cosine = angles[i], sine = angles[i + 1];
    words.push_back(
        b.packBf16(fma(low, cosine, high * sine), fma(high, cosine, negate(b, low * sine))));
  }
  return words;
}

Scalar KeyTurn::signs(int64_t firstUnit, int64_t first, Scalar lane, int64_t lanes) const {
  std::vector<float> signs = hadamardSigns(*pool.format.hadamard, pool.headDim);
  Scalar word;
  for (int64_t i = 0; i < lanes; ++i) {
    int64_t begin = (firstUnit + i) * pool.unitElements() + first;
    int64_t bits = 0;
    for (int64_t place = begin; place < begin + std::min<int64_t>(32, pool.unitElements()); ++place)
      if (signs[size_t(place / 2 + place % 2 * (pool.headDim / 2))] < 0)
        bits |= int64_t(1) << (place - begin);
    word = word ? select(lane >= i, b.i32(bits), word) : b.i32(bits);
  }
  return word;
}

/// `diag(signs) H x / sqrt(n)`. H is the same for places as for elements, as one are the other with
/// the bits of their numbers in another order.
void KeyTurn::rotateBack(llvm::MutableArrayRef<Values> units, Scalar lane, int64_t lanes) const {
  auto exchange = [](Scalar &low, Scalar &high) {
    Scalar sum = low + high;
    high = low - high;
    low = sum;
  };
  for (size_t distance = 1; distance < units.size(); distance *= 2)
    for (size_t unit = 0; unit < units.size(); ++unit)
      if (!(unit & distance))
        for (auto [low, high] : llvm::zip_equal(units[unit], units[unit + distance]))
          exchange(low, high);
  Scalar factor = b.f32(1 / std::sqrt(double(pool.headDim)));
  for (auto [number, unit] : llvm::enumerate(units)) {
    for (size_t distance = 1; distance < unit.size(); distance *= 2)
      for (size_t i = 0; i < unit.size(); ++i)
        if (!(i & distance))
          exchange(unit[i], unit[i + distance]);
    Scalar word;
    for (auto [i, value] : llvm::enumerate(unit)) {
      for (int64_t mask = 1; mask < lanes; mask *= 2) {
        Scalar other = b.shuffleXor(value, unsigned(mask));
        value = select((lane & mask) == 0, value + other, other - value);
      }
      if (i % 32 == 0)
        word = signs(int64_t(number) * lanes, int64_t(i), lane, lanes);
      Scalar sign = (word << int64_t(31 - i % 32)) & int64_t(0x80000000);
      value = ((value * factor).bitcast(b.getI32Type()) ^ sign).bitcast(b.getF32Type());
    }
  }
}
