//===- ChannelWriter.cpp - tokens become codes by channel -----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/ChannelWriter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/MathExtras.h"
#include <limits>

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;
using llvm::ArrayRef;
using llvm::SmallVector;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

static Scalar roundToF16(PtxBuilder &b, Scalar value) {
  Value half = arith::TruncFOp::create(b, b.getF16Type(), Value(value));
  return b.wrap(arith::ExtFOp::create(b, b.getF32Type(), half));
}

static Scalar toInteger(PtxBuilder &b, Scalar value) {
  return b.wrap(arith::FPToSIOp::create(b, b.getI32Type(), Value(value)));
}

static Scalar clamp(PtxBuilder &b, Scalar x, double least, double greatest) {
  return min(max(x, b.f32(least)), b.f32(greatest));
}

/// Numbers of one value have codes of zero.
static Scalar divisorOf(PtxBuilder &b, Scalar scale) {
  return select(scale == b.f32(0), b.f32(kInfinity), scale);
}

void ChannelWriter::encode(Value windowBlock, Value block, Scalar index) {
  Group group{windowBlock, block, index, {}};
  if (pool.format.progressive)
    group.divisor = divisorOf(b, storeTileScale(group));
  int64_t words = pool.headDim / wordChannels(), together = kWarpSize / lanes();
  b.forLoop(warp, b.i32(int64_t(llvm::divideCeil(words, together))), b.i32(warps),
            [&](Scalar round) {
              Scalar word = round * together + lane / lanes();
              encodeWord(group, min(word, b.i32(words - 1)) * wordChannels(), word < words);
            });
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

/// Every warp finds the same: tiles are rare, and their numbers in the nearest cache.
Scalar ChannelWriter::storeTileScale(const Group &group) {
  constexpr int64_t chunk = 8; // 16 bytes of f16
  int64_t numbers = pool.format.group * rowElements();
  Value zero = b.f32(0);
  Value largest = b.forLoop(lane * chunk, b.i32(numbers), b.i32(kWarpSize * chunk), {zero},
                            [&](Scalar i, ValueRange sofar) -> SmallVector<Value> {
                              Scalar most = b.wrap(sofar[0]);
                              for (Scalar x : b.loadFloats(group.windowBlock, b.getF16Type(),
                                                           group.index * numbers + i, chunk))
                                most = max(most, max(x, b.f32(0) - x));
                              return {most};
                            })[0];
  Scalar scale = roundToF16(b, b.divide(b.warpMax(b.wrap(largest)), b.f32(kProgressiveRange)));
  b.ifThen((lane == 0) & (warp == 0), [&] {
    b.storeFloats(b.bytePtr(group.block, b.i32(pool.tileScaleOffset())), b.getF16Type(),
                  group.index, {scale});
  });
  return scale;
}

Scalar ChannelWriter::tileInteger(Scalar number, const Group &group) {
  if (!group.divisor)
    return number;
  return clamp(b, b.roundEven(b.divide(number, group.divisor)), -kProgressiveRange,
               kProgressiveRange);
}

//===----------------------------------------------------------------------===//
// Channels
//===----------------------------------------------------------------------===//

Scalar ChannelWriter::scaleOf(Scalar least, Scalar greatest) {
  Scalar scale = b.divide(greatest - least, b.f32(largestCode()));
  return pool.format.progressive ? max(b.roundEven(scale), b.f32(1)) : roundToF16(b, scale);
}

/// Numbers of the window are f16, and so is the least of them.
void ChannelWriter::storeParameters(const Group &group, Scalar firstChannel,
                                    ArrayRef<Scalar> scales, ArrayRef<Scalar> zeros) {
  Scalar slot = group.index * pool.headDim + firstChannel;
  if (pool.format.progressive) {
    storeBytes(b.bytePtr(group.block, slot + pool.scaleOffset()), scales);
    storeBytes(b.bytePtr(group.block, slot + pool.zeroOffset()), zeros);
    return;
  }
  auto store = [&](int64_t offset, ArrayRef<Scalar> halves) {
    b.storeFloats(b.bytePtr(group.block, b.i32(offset)), b.getF16Type(), slot, halves);
  };
  store(pool.scaleOffset(), scales);
  store(pool.zeroOffset(), zeros);
}

void ChannelWriter::storeBytes(Value at, ArrayRef<Scalar> integers) {
  constexpr int64_t bytes = 4;
  for (size_t i = 0; i < integers.size(); i += bytes) {
    Scalar word = b.i32(0);
    for (int64_t j = 0; j < bytes; ++j)
      word = word | ((toInteger(b, integers[i + j]) & 255) << 8 * j);
    b.store(word, b.bytePtr(at, b.i32(int64_t(i))), bytes);
  }
}

Scalar ChannelWriter::code(Scalar number, Scalar scale, Scalar zero) {
  Scalar code = b.roundEven(b.divide(number - zero, divisorOf(b, scale)));
  return toInteger(b, clamp(b, code, 0, largestCode()));
}

void ChannelWriter::encodeWord(const Group &group, Scalar firstChannel, Scalar exists) {
  int64_t channels = wordChannels();
  Scalar none = b.f32(-kInfinity);
  SmallVector<Scalar> greatest(channels, none), greatestNegated(channels, none), tokens;
  SmallVector<SmallVector<Scalar>> numbers; // [token][channel]
  for (int64_t i = 0; i < pool.format.group; i += lanes()) {
    tokens.push_back(group.index * pool.format.group + lane % lanes() + i);
    numbers.push_back(b.loadFloats(group.windowBlock, b.getF16Type(),
                                   tokens.back() * rowElements() + firstChannel,
                                   unsigned(channels)));
    for (auto [c, number] : llvm::enumerate(numbers.back())) {
      number = tileInteger(number, group);
      greatest[c] = max(greatest[c], number);
      greatestNegated[c] = max(greatestNegated[c], b.f32(0) - number);
    }
  }
  SmallVector<Scalar> scales, zeros;
  for (int64_t c = 0; c < channels; ++c) {
    Scalar most = b.warpMax(greatest[c], unsigned(lanes()));
    zeros.push_back(b.f32(0) - b.warpMax(greatestNegated[c], unsigned(lanes())));
    scales.push_back(scaleOf(zeros.back(), most));
  }
  b.ifThen(exists & (lane % lanes() == 0),
           [&] { storeParameters(group, firstChannel, scales, zeros); });
  for (auto [token, row] : llvm::zip_equal(tokens, numbers)) {
    Scalar word = b.i32(0);
    for (int64_t c = 0; c < channels; ++c)
      word = word | (code(row[c], scales[c], zeros[c]) << c * pool.bits());
    Value at = b.bytePtr(group.block, pool.codeOffset(token, firstChannel));
    b.ifThen(exists, [&] {
      if (channels * pool.bits() == 32)
        b.store(word, at, 4);
      else
        b.store(arith::TruncIOp::create(b, b.getI16Type(), Value(word)), at, 2);
    });
  }
}
