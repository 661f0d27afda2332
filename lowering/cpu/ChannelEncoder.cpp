//===- ChannelEncoder.cpp - tokens become codes by channel ----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/ChannelEncoder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <limits>

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

using Values = CodeBuilder::Values;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

static Value negate(CodeBuilder &b, Value x) { return b.subf(b.splat(0.0), x); }

/// Not a number is `low`.
static Value clamp(CodeBuilder &b, Value x, double low, double high) {
  x = b.maxf(x, b.splat(low));
  Value isBelow = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, x, b.splat(high));
  return b.select(isBelow, x, b.splat(high));
}

static Value instead(CodeBuilder &b, Value x, double ofZero) {
  Value isZero = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, x, b.splat(0.0));
  return b.select(isZero, b.splat(ofZero), x);
}

static Value firstOf(CodeBuilder &b, Value vector) {
  return vector::ExtractOp::create(b, vector, ArrayRef<int64_t>{0});
}

static Value toHalves(CodeBuilder &b, Value x) {
  return arith::TruncFOp::create(b, VectorType::get(kLanes, b.getF16Type()), x);
}

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

/// Values beyond the head, which share bytes with its last, are as these.
Value ChannelEncoder::address(const Group &group, Value channel, Value token) {
  if (!pool.isKey)
    channel = b.minimum(channel, b.i64(pool.headDim - kLanes));
  Value place = b.add(b.multiply(group.index, pool.format.group), token);
  Value row = pool.isKey ? channel : place, column = pool.isKey ? place : channel;
  return b.element(b.getF16Type(), b.bytes(group.windowBlock, b.multiply(row, window.rowBytes())),
                   column);
}

Value ChannelEncoder::load(const Group &group, Value address) {
  Value x = b.loadVector(b.getF16Type(), address);
  if (!group.divisor)
    return x;
  return clamp(b, math::RoundEvenOp::create(b, b.divf(x, group.divisor)), -kProgressiveRange,
               kProgressiveRange);
}

/// The largest magnitude of a group.
Value ChannelEncoder::largestOf(const Group &group) {
  int64_t tokens = pool.isKey ? kLanes : 1, channels = pool.isKey ? 1 : kLanes;
  Values largest = b.loop(b.i64(0), b.i64(pool.headDim), channels, b.splat(0.0),
                          [&](Value channel, ValueRange most) {
                            return b.loop(b.i64(0), b.i64(pool.format.group), tokens, most,
                                          [&](Value token, ValueRange sofar) -> Values {
                                            Value x = load(group, address(group, channel, token));
                                            return {b.maxf(math::AbsFOp::create(b, x), sofar[0])};
                                          });
                          });
  return b.maximumOfLanes(largest[0]);
}

void ChannelEncoder::storeTileScale(Group &group) {
  Value stored = toHalves(b, b.divf(largestOf(group), b.splat(kProgressiveRange)));
  b.store(firstOf(b, stored), pool.tileScaleAddress(b, group.block, group.index));
  // A tile of zeros has codes of zero.
  group.divisor = instead(b, arith::ExtFOp::create(b, b.vectorType(), stored), kInfinity);
}

ChannelEncoder::Parameters ChannelEncoder::measure(Value least, Value greatest) {
  Value scale = b.divf(b.subf(greatest, least), b.splat(codes()));
  if (pool.format.progressive)
    return {b.maxf(math::RoundEvenOp::create(b, scale), b.splat(1.0)), least};
  // Numbers of the window are f16, and so is the least of them.
  return {arith::ExtFOp::create(b, b.vectorType(), toHalves(b, scale)), least};
}

/// Of 16 channels from `channel` on, or, of keys, of one.
void ChannelEncoder::store(const Group &group, const Parameters &parameters, Value channel) {
  Value scale = parameters.scale, zero = parameters.zero;
  if (pool.format.progressive) {
    auto bytes = VectorType::get(kLanes, b.getI8Type());
    scale = arith::FPToUIOp::create(b, bytes, scale);
    zero = arith::FPToSIOp::create(b, bytes, zero);
  } else {
    scale = toHalves(b, scale);
    zero = toHalves(b, zero);
  }
  b.store(pool.isKey ? firstOf(b, scale) : scale,
          pool.channelScaleAddress(b, group.block, group.index, channel));
  b.store(pool.isKey ? firstOf(b, zero) : zero,
          pool.channelZeroAddress(b, group.block, group.index, channel));
}

/// A channel of one value has codes of zero.
Value ChannelEncoder::code(Value number, const Parameters &parameters) {
  Value steps = b.divf(b.subf(number, parameters.zero), instead(b, parameters.scale, 1));
  Value code = clamp(b, math::RoundEvenOp::create(b, steps), 0, codes());
  return arith::FPToSIOp::create(b, VectorType::get(kLanes, b.getI32Type()), code);
}

//===----------------------------------------------------------------------===//
// Keys
//===----------------------------------------------------------------------===//

/// `word | code << shift`; without a word, the code itself.
static Value join(CodeBuilder &b, Value word, Value code, int64_t shift) {
  auto type = cast<VectorType>(code.getType());
  Value by = arith::ConstantOp::create(b, DenseElementsAttr::get(type, int32_t(shift)));
  Value shifted = shift ? arith::ShLIOp::create(b, code, by).getResult() : code;
  return word ? arith::OrIOp::create(b, word, shifted).getResult() : shifted;
}

/// The codes of a channel for 16 tokens each; its scale and zero go to the block.
Values ChannelEncoder::encodeKeys(const Group &group, Value channel) {
  Values keys;
  Value greatest = b.splat(-kInfinity), most = greatest;
  for (int64_t token = 0; token < pool.format.group; token += kLanes) {
    keys.push_back(load(group, address(group, channel, b.i64(token))));
    greatest = b.maxf(keys.back(), greatest);
    most = b.maxf(negate(b, keys.back()), most);
  }
  Parameters parameters = measure(negate(b, b.maximumOfLanes(most)), b.maximumOfLanes(greatest));
  store(group, parameters, channel);
  for (Value &key : keys)
    key = code(key, parameters);
  return keys;
}

/// A dword of each token is one channel after the other; those that share bytes are four apart.
void ChannelEncoder::encodeKeyRow(const Group &group, Value row) {
  int64_t channels = kQuad * pool.codesPerByte();
  Values words(size_t(pool.format.group / kLanes));
  for (int64_t i = 0; i < channels; ++i) {
    Values codes = encodeKeys(group, b.add(b.multiply(row, channels), i));
    for (auto [word, code] : llvm::zip_equal(words, codes))
      word = join(b, word, code, i % kQuad * 8 + i / kQuad * pool.format.bits);
  }
  for (auto [v, word] : llvm::enumerate(words)) {
    Value token = b.add(b.multiply(group.index, pool.format.group), int64_t(v) * kLanes);
    Value offset = b.add(b.multiply(row, pool.rowBytes()), b.multiply(token, kQuad));
    b.store(word, b.bytes(group.block, offset));
  }
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

/// The `index`-th vectors of channels that share bytes: a dword of each channel is four tokens, of
/// which those of the next 16 channels are in the upper bits.
void ChannelEncoder::encodeValues(const Group &group, Value index) {
  int64_t shared = pool.codesPerByte();
  SmallVector<Value> channels;
  SmallVector<Parameters> parameters;
  Value lowest = b.splat(-kInfinity);
  for (int64_t i = 0; i < shared; ++i) {
    channels.push_back(b.add(b.multiply(index, shared * kLanes), i * kLanes));
    Values extremes = b.loop(b.i64(0), b.i64(pool.format.group), 1, ValueRange{lowest, lowest},
                             [&](Value token, ValueRange sofar) -> Values {
                               Value x = load(group, address(group, channels[i], token));
                               return {b.maxf(x, sofar[0]), b.maxf(negate(b, x), sofar[1])};
                             });
    parameters.push_back(measure(negate(b, extremes[1]), extremes[0]));
    store(group, parameters[i], channels[i]);
  }
  b.loop(b.i64(0), b.i64(pool.format.group), kQuad, [&](Value first) {
    Value word;
    for (int64_t i = 0; i < shared; ++i)
      for (int64_t j = 0; j < kQuad; ++j) {
        Value x = load(group, address(group, channels[i], b.add(first, j)));
        word = join(b, word, code(x, parameters[i]), j * 8 + i * pool.format.bits);
      }
    Value token = b.add(b.multiply(group.index, pool.format.group), first);
    Value row = b.multiply(b.divide(token, kQuad), pool.rowBytes());
    b.store(word, b.bytes(group.block, b.add(row, b.multiply(index, kLanes * kQuad))));
  });
}

void ChannelEncoder::encode(Value windowBlock, Value block, Value tokenGroup) {
  Group group{windowBlock, block, tokenGroup, {}};
  if (pool.format.progressive)
    storeTileScale(group);
  if (pool.isKey)
    return b.loop(b.i64(0), b.i64(pool.codeRows()), 1,
                  [&](Value row) { encodeKeyRow(group, row); });
  b.loop(b.i64(0), b.i64(pool.paddedDim() / (kLanes * pool.codesPerByte())), 1,
         [&](Value index) { encodeValues(group, index); });
}
