//===- ChannelEncoder.cpp - keys become codes by channel -----------------===//
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

/// The codes of 16 tokens each; the channel's scale and zero go to the block.
Values ChannelEncoder::encodeChannel(Value windowBlock, Value block, Value tokenGroup,
                                     Value channel) {
  Type f16 = b.getF16Type();
  auto halves = VectorType::get(kLanes, f16);
  auto i32s = VectorType::get(kLanes, b.getI32Type());
  const CachePool window = pool.window();
  Value row = b.bytes(windowBlock, b.multiply(channel, window.rowBytes()));
  Values keys;
  Value greatest = b.splat(-std::numeric_limits<double>::infinity()), most = greatest;
  for (int64_t token = 0; token < pool.format.group; token += kLanes) {
    Value first = b.add(b.multiply(tokenGroup, pool.format.group), token);
    keys.push_back(b.loadVector(f16, b.element(f16, row, first)));
    greatest = b.maxf(keys.back(), greatest);
    most = b.maxf(b.subf(b.splat(0.0), keys.back()), most);
  }
  greatest = b.maximumOfLanes(greatest);
  // Keys are f16, and so is the least of them.
  Value zero = b.subf(b.splat(0.0), b.maximumOfLanes(most));
  double codes = double((int64_t(1) << pool.format.bits) - 1);
  Value stored = arith::TruncFOp::create(b, halves, b.divf(b.subf(greatest, zero), b.splat(codes)));
  Value scale = arith::ExtFOp::create(b, b.vectorType(), stored);
  auto store = [&](Value vector, Value address) {
    b.store(vector::ExtractOp::create(b, vector, ArrayRef<int64_t>{0}), address);
  };
  store(stored, pool.channelScaleAddress(b, block, tokenGroup, channel));
  store(arith::TruncFOp::create(b, halves, zero),
        pool.channelZeroAddress(b, block, tokenGroup, channel));
  // A channel of one value has codes of zero.
  Value isZero = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, scale, b.splat(0.0));
  Value divisor = b.select(isZero, b.splat(1.0), scale);
  for (Value &key : keys) {
    Value code = math::RoundEvenOp::create(b, b.divf(b.subf(key, zero), divisor));
    Value isBelow = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, code, b.splat(codes));
    key = arith::FPToSIOp::create(b, i32s,
                                  b.maxf(b.select(isBelow, code, b.splat(codes)), b.splat(0.0)));
  }
  return keys;
}

void ChannelEncoder::encode(Value windowBlock, Value block, Value tokenGroup) {
  auto i32s = VectorType::get(kLanes, b.getI32Type());
  int64_t shared = pool.codesPerByte(), channels = kQuad * shared;
  b.loop(b.i64(0), b.i64(pool.codeRows()), 1, [&](Value row) {
    // A dword of each token is one channel after the other; those that share bytes are four apart.
    Values words;
    for (int64_t i = 0; i < channels; ++i) {
      Value channel = b.add(b.multiply(row, channels), i);
      int64_t shift = i % kQuad * 8 + i / kQuad * pool.format.bits;
      Value by = arith::ConstantOp::create(b, DenseElementsAttr::get(i32s, int32_t(shift)));
      Values codes = encodeChannel(windowBlock, block, tokenGroup, channel);
      for (auto [v, code] : llvm::enumerate(codes)) {
        Value shifted = arith::ShLIOp::create(b, code, by);
        if (i == 0)
          words.push_back(shifted);
        else
          words[v] = arith::OrIOp::create(b, words[v], shifted);
      }
    }
    for (auto [v, word] : llvm::enumerate(words)) {
      Value token = b.add(b.multiply(tokenGroup, pool.format.group), int64_t(v) * kLanes);
      Value offset = b.add(b.multiply(row, pool.rowBytes()), b.multiply(token, kQuad));
      b.store(word, b.bytes(block, offset));
    }
  });
}
