//===- KeyTile.cpp - keys that are rotated when they are read -------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/KeyTile.h"
#include "lowering/cpu/ChannelParameters.h"
#include "lowering/cpu/HeadRotation.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/xxhash.h"
#include <cmath>

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

using Values = CodeBuilder::Values;

int64_t KeyTile::rowElements() const { return pool.rowCodes() * (pool.isLinear() ? kQuad : 1); }

Value KeyTile::at(Value tile, Value element) {
  return b.element(b.getF32Type(), tile, b.multiply(element, kTokens));
}

/// Cosines or sines of each angle times each place in a page, `[head_dim / 2][128]`.
Value KeyTile::angleTable(bool isSine) {
  std::vector<double> frequencies = rope.inverseFrequencies(pool.headDim);
  SmallVector<float> entries;
  for (double frequency : frequencies)
    for (int64_t place = 0; place < kPageTokens; ++place) {
      double angle = double(place) * frequency;
      entries.push_back(float(isSine ? std::sin(angle) : std::cos(angle)));
    }
  // Kernels of one rotation share the table.
  auto bytes = ArrayRef(reinterpret_cast<const uint8_t *>(entries.data()), entries.size() * 4);
  std::string name =
      llvm::formatv("page_{0}s_{1:x}", isSine ? "sine" : "cosine", llvm::xxh3_64bits(bytes));
  return target.table(b, name, entries);
}

//===----------------------------------------------------------------------===//
// Codes
//===----------------------------------------------------------------------===//

/// Codes that lie by fours: a dword of each token.
Values KeyTile::decodeLinear(Value block, Value row, Value token) {
  auto i32s = VectorType::get(kLanes, b.getI32Type());
  auto bytes = VectorType::get(kLanes * kQuad, b.getI8Type());
  auto integers = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(b, DenseElementsAttr::get(i32s, int32_t(value)));
  };
  const CacheFormat &format = pool.format;
  LinearCode linear = *format.linear();
  int64_t elements = rowElements();
  Value offset = b.add(b.multiply(row, pool.rowBytes()), b.multiply(token, kQuad));
  auto load = [&](int64_t byte) {
    return b.load(bytes, b.bytes(block, b.add(offset, byte * pool.streamStride())));
  };
  Value first = b.multiply(row, elements), scale, zero;
  if (!format.channels) {
    Value group = b.divide(first, pool.groupSize());
    scale = b.mulf(decoder.scales(block, group, token), b.splat(linear.step));
    zero = format.asymmetric ? decoder.minima(block, group, token)
                             : b.mulf(scale, b.splat(linear.offset - double(linear.bias)));
  }
  Values values;
  Value dwords;
  for (int64_t i = 0; i < elements; ++i) {
    int64_t inQuad = i % kQuad;
    if (inQuad == 0) {
      CodePlace place = CodePlace::of(i / kQuad, pool.bits());
      Value four =
          extractCode(b, place, load(place.byte), place.isSplit() ? load(place.byte + 1) : Value());
      dwords = vector::BitCastOp::create(b, i32s, four);
    }
    Value code =
        inQuad ? arith::ShRUIOp::create(b, dwords, integers(inQuad * 8)).getResult() : dwords;
    if (inQuad != kQuad - 1)
      code = arith::AndIOp::create(b, code, integers(0xff));
    if (format.channels) {
      ChannelParameters channel = ChannelParameters::broadcast(
          b, pool, block, b.divide(token, format.group), b.add(first, i));
      scale = channel.scale;
      zero = channel.zero;
    }
    values.push_back(b.fma(arith::SIToFPOp::create(b, b.vectorType(), code), scale, zero));
  }
  return values;
}

Values KeyTile::decodeRow(Value block, Value row, Value token) {
  if (pool.isLinear())
    return decodeLinear(block, row, token);
  Value offset = b.add(b.multiply(row, pool.rowBytes()), b.multiply(token, pool.unitBytes()));
  Values values = decoder.load(b.bytes(block, offset));
  if (pool.format.isScaled()) {
    Value group = b.divide(b.multiply(row, rowElements()), pool.groupSize());
    Value scale = decoder.scales(block, group, token);
    for (Value &value : values)
      value = b.mulf(value, scale);
  }
  return values;
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

void KeyTile::place(Value low, Value high, Value element, Value token, Value bias, Value tile) {
  Type f32 = b.getF32Type();
  Value partner = b.add(element, pool.headDim / 2);
  if (biasType) {
    auto add = [&](Value x, Value index) {
      return b.addf(x, b.broadcast(b.loadScalar(biasType, b.element(biasType, bias, index))));
    };
    low = add(low, element);
    high = add(high, partner);
  }
  Value place = b.add(b.multiply(element, kPageTokens), token);
  Value cosine = b.loadVector(f32, b.element(f32, angleTable(/*isSine=*/false), place));
  Value sine = b.loadVector(f32, b.element(f32, angleTable(/*isSine=*/true), place));
  b.storeVector(b.subf(b.mulf(low, cosine), b.mulf(high, sine)), at(tile, element));
  b.storeVector(b.addf(b.mulf(high, cosine), b.mulf(low, sine)), at(tile, partner));
}

/// Codes of rotated keys are rotated back before they turn.
void KeyTile::unrotateAndPlace(Value block, Value token, Value bias, Value tile) {
  Type f32 = b.getF32Type();
  int64_t elements = rowElements();
  b.loop(b.i64(0), b.i64(pool.headDim / elements), 1, [&](Value row) {
    for (auto [i, value] : llvm::enumerate(decodeRow(block, row, token)))
      b.storeVector(value, at(tile, b.add(b.multiply(row, elements), int64_t(i))));
  });
  emitRotationBackAcross(b, target, tile, pool.headDim, kTokens, *pool.format.hadamard);
  b.loop(b.i64(0), b.i64(pool.headDim / 2), 1, [&](Value element) {
    Value high = b.loadVector(f32, at(tile, b.add(element, pool.headDim / 2)));
    place(b.loadVector(f32, at(tile, element)), high, element, token, bias, tile);
  });
}

/// Pairs of rows of codes, so that what turns together is in registers; where half a head is no
/// whole rows, all of them.
void KeyTile::fillVector(Value block, Value token, Value bias, Value tile) {
  if (pool.format.hadamard)
    return unrotateAndPlace(block, token, bias, tile);
  int64_t half = pool.headDim / 2, elements = rowElements();
  if (half % elements == 0)
    return b.loop(b.i64(0), b.i64(half / elements), 1, [&](Value row) {
      Values low = decodeRow(block, row, token);
      Values high = decodeRow(block, b.add(row, half / elements), token);
      for (int64_t i = 0; i < elements; ++i)
        place(low[i], high[i], b.add(b.multiply(row, elements), i), token, bias, tile);
    });
  Values all;
  for (int64_t row = 0; row < pool.codeRows(); ++row)
    llvm::append_range(all, decodeRow(block, b.i64(row), token));
  for (int64_t i = 0; i < half; ++i)
    place(all[i], all[half + i], b.i64(i), token, bias, tile);
}

void KeyTile::fill(Value block, Value token, Value bias, Value tile) {
  b.loop(b.i64(0), b.i64(kTokens), kLanes, [&](Value lane) {
    fillVector(block, b.add(token, lane), bias, b.element(b.getF32Type(), tile, lane));
  });
}
