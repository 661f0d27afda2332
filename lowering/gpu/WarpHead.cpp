//===- WarpHead.cpp - one head in the registers of a warp -----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/WarpHead.h"
#include "lowering/gpu/HeadSigns.h"
#include <cmath>

using namespace mlir;
using namespace qopt::ptx;
using llvm::SmallVector;

int64_t WarpHead::chooseWidth(int64_t headDim, llvm::ArrayRef<int64_t> offsets) {
  bool evenOffsets = llvm::all_of(offsets, [](int64_t offset) { return offset % 2 == 0; });
  return headDim % 4 == 0 && evenOffsets ? 2 : 1;
}

WarpHead::WarpHead(PtxBuilder &b, int64_t headDim, int64_t width, Scalar lane)
    : b(b), headDim(headDim), half((headDim + 1) / 2), width(width), lane(lane) {
  for (int64_t begin = 0; begin < half; begin += kWarpSize * width)
    pairs.push_back({lane * width + begin, {}, {}});
}

void WarpHead::load(Value source, Type element, Access access,
                    llvm::function_ref<Scalar(Scalar)> placeOf) {
  for (Pairs &p : pairs) {
    SmallVector<Value> zeros(2 * width, b.f32(0));
    SmallVector<Value> values = b.ifElse(p.first < half, zeros, [&] {
      SmallVector<Scalar> low = b.loadFloats(source, element, placeOf(p.first), width, access);
      // The middle element of an odd head has no partner.
      Scalar partner = p.first + half;
      if (headDim % 2 != 0)
        partner = min(partner, b.i32(headDim - 1));
      SmallVector<Scalar> high = b.loadFloats(source, element, placeOf(partner), width, access);
      SmallVector<Value> both = llvm::to_vector_of<Value>(low);
      both.append(high.begin(), high.end());
      return both;
    });
    for (int64_t i = 0; i < width; ++i) {
      p.low.push_back(b.wrap(values[i]));
      p.high.push_back(b.wrap(values[width + i]));
    }
  }
}

void WarpHead::normalize(Value weight, double eps) {
  Scalar squares = b.f32(0);
  for (Pairs &p : pairs)
    for (int64_t i = 0; i < width; ++i) {
      Scalar high = p.high[i];
      if (headDim % 2 != 0)
        high = select(p.first + (half + i) < headDim, high, b.f32(0));
      squares = fma(high, high, fma(p.low[i], p.low[i], squares));
    }
  Scalar mean = b.warpSum(squares) * b.f32(1.0 / double(headDim));
  Scalar scale = b.reciprocalSqrt(mean + b.f32(eps));
  for (Pairs &p : pairs) {
    // Lanes beyond the head read some weight for the zeros that they hold.
    Scalar first = min(p.first, b.i32(half - width));
    Scalar second = headDim % 2 ? min(first + half, b.i32(headDim - 1)) : first + half;
    SmallVector<Scalar> low = b.loadFloats(weight, b.getF32Type(), first, width, Access::ReadOnly),
                        high =
                            b.loadFloats(weight, b.getF32Type(), second, width, Access::ReadOnly);
    for (int64_t i = 0; i < width; ++i) {
      p.low[i] = p.low[i] * scale * low[i];
      p.high[i] = p.high[i] * scale * high[i];
    }
  }
}

void WarpHead::rotate(Value ropeTable, Scalar position) {
  for (Pairs &p : pairs) {
    Scalar first = min(p.first, b.i32(half - width));
    SmallVector<Scalar> angles = b.loadFloats(
        ropeTable, b.getF32Type(), (position * half + first) * 2, 2 * width, Access::ReadOnly);
    for (int64_t i = 0; i < width; ++i) {
      Scalar cos = angles[2 * i], sin = angles[2 * i + 1];
      Scalar low = p.low[i], high = p.high[i];
      p.low[i] = low * cos - high * sin;
      p.high[i] = fma(high, cos, low * sin);
    }
  }
}

void WarpHead::applySigns(uint32_t seed) {
  HeadSigns signs(b, seed, headDim);
  for (Pairs &p : pairs)
    for (int64_t i = 0; i < width; ++i) {
      p.low[i] = signs.apply(p.low[i], p.first + i);
      p.high[i] = signs.apply(p.high[i], p.first + (half + i));
    }
}

/// Elements at each distance become their sum and difference: those of a lane, then lanes'. Lanes
/// beyond the head exchange their zeros.
void WarpHead::applyHadamard() {
  auto exchange = [](Scalar &low, Scalar &high) {
    Scalar sum = low + high;
    high = low - high;
    low = sum;
  };
  for (Pairs &p : pairs)
    for (int64_t i = 0; i < width; ++i)
      exchange(p.low[i], p.high[i]);
  for (size_t distance = 1; distance < pairs.size(); distance *= 2)
    for (size_t k = 0; k < pairs.size(); ++k)
      for (int64_t i = 0; i < width && !(k & distance); ++i) {
        exchange(pairs[k].low[i], pairs[k + distance].low[i]);
        exchange(pairs[k].high[i], pairs[k + distance].high[i]);
      }
  Scalar factor = b.f32(1 / std::sqrt(double(headDim)));
  for (Pairs &p : pairs)
    for (SmallVector<Scalar> *values : {&p.low, &p.high}) {
      for (int64_t distance = 1; distance < width; distance *= 2)
        for (int64_t i = 0; i < width; ++i)
          if (!(i & distance))
            exchange((*values)[i], (*values)[i + distance]);
      for (Scalar &value : *values) {
        for (int64_t mask = 1; mask < kWarpSize && mask * width < half; mask *= 2) {
          Scalar other = b.shuffleXor(value, unsigned(mask));
          value = select((lane & mask) == 0, value + other, other - value);
        }
        value = value * factor;
      }
    }
}

void WarpHead::transform(uint32_t seed) {
  applySigns(seed);
  applyHadamard();
}

void WarpHead::transformBack(uint32_t seed) {
  applyHadamard();
  applySigns(seed);
}

SmallVector<Value> WarpHead::flatten() const {
  SmallVector<Value> values;
  for (const Pairs &p : pairs) {
    values.append(p.low.begin(), p.low.end());
    values.append(p.high.begin(), p.high.end());
  }
  return values;
}

void WarpHead::applyIf(Scalar condition, llvm::function_ref<void()> body) {
  SmallVector<Value> values = b.ifElse(condition, flatten(), [&] {
    body();
    return flatten();
  });
  auto *next = values.begin();
  for (Pairs &p : pairs) {
    for (Scalar &value : p.low)
      value = b.wrap(*next++);
    for (Scalar &value : p.high)
      value = b.wrap(*next++);
  }
}

void WarpHead::store(Value target, Type element, int64_t end) {
  for (Pairs &p : pairs)
    b.ifThen(p.first < half, [&] {
      b.storeFloats(target, element, p.first, p.low);
      Scalar second = p.first + half;
      if (headDim % 2 == 0)
        b.storeFloats(target, element, second, p.high);
      else
        b.ifThen(second < headDim, [&] { b.storeFloats(target, element, second, p.high); });
    });
  for (int64_t begin = headDim; begin < end; begin += kWarpSize)
    b.ifThen(lane < end - begin, [&] { b.storeFloats(target, element, lane + begin, {b.f32(0)}); });
}

void WarpHead::storePairs(Value target, Type element, int64_t end,
                          llvm::function_ref<Scalar(Scalar)> placeOf) {
  for (Pairs &p : pairs)
    b.ifThen(p.first < half, [&] {
      SmallVector<Scalar> both;
      for (int64_t i = 0; i < width; ++i)
        both.append({p.low[i], p.high[i]});
      b.storeFloats(target, element, placeOf(p.first * 2), both);
    });
  for (int64_t begin = headDim; begin < end; begin += 2 * kWarpSize) {
    Scalar place = lane * 2 + begin;
    b.ifThen(place < end,
             [&] { b.storeFloats(target, element, placeOf(place), {b.f32(0), b.f32(0)}); });
  }
}
