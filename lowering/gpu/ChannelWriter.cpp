//===- ChannelWriter.cpp - keys become codes by channel -------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/ChannelWriter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;
using llvm::SmallVector;

void ChannelWriter::encode(Value windowBlock, Value block, Scalar group) {
  int64_t words = pool.headDim / wordChannels(), together = kWarpSize / lanes();
  b.forLoop(warp, b.i32(int64_t(llvm::divideCeil(words, together))), b.i32(warps),
            [&](Scalar round) {
              Scalar word = round * together + lane / lanes();
              encodeWord(windowBlock, block, group, min(word, b.i32(words - 1)) * wordChannels(),
                         word < words);
            });
}

void ChannelWriter::encodeWord(Value windowBlock, Value block, Scalar group, Scalar firstChannel,
                               Scalar exists) {
  Type f16 = b.getF16Type();
  int64_t rowElements = pool.window().paddedDim(), channels = wordChannels();
  Scalar none = b.f32(-std::numeric_limits<double>::infinity());
  SmallVector<Scalar> greatest(channels, none), greatestNegated(channels, none), tokens;
  SmallVector<SmallVector<Scalar>> keys; // [token][channel]
  for (int64_t i = 0; i < pool.format.group; i += lanes()) {
    tokens.push_back(group * pool.format.group + lane % lanes() + i);
    keys.push_back(b.loadFloats(windowBlock, f16, tokens.back() * rowElements + firstChannel,
                                unsigned(channels)));
    for (auto [c, key] : llvm::enumerate(keys.back())) {
      greatest[c] = max(greatest[c], key);
      greatestNegated[c] = max(greatestNegated[c], b.f32(0) - key);
    }
  }
  double largest = std::ldexp(1.0, int(pool.format.bits)) - 1;
  SmallVector<Scalar> scales, zeros;
  for (int64_t c = 0; c < channels; ++c) {
    Scalar most = b.warpMax(greatest[c], unsigned(lanes()));
    Scalar least = b.f32(0) - b.warpMax(greatestNegated[c], unsigned(lanes()));
    Value scale = arith::TruncFOp::create(b, f16, Value(b.divide(most - least, b.f32(largest))));
    scales.push_back(b.wrap(arith::ExtFOp::create(b, b.getF32Type(), scale)));
    zeros.push_back(least); // keys are f16, and so is the least of them
  }
  b.ifThen(exists & (lane % lanes() == 0), [&] {
    Scalar slot = group * pool.headDim + firstChannel;
    b.storeFloats(b.bytePtr(block, b.i32(pool.scaleOffset())), f16, slot, scales);
    b.storeFloats(b.bytePtr(block, b.i32(pool.zeroOffset())), f16, slot, zeros);
  });
  for (auto [token, row] : llvm::zip_equal(tokens, keys)) {
    Scalar word = b.i32(0);
    for (int64_t c = 0; c < channels; ++c) {
      // A channel of one value has codes of zero.
      Scalar divisor =
          select(scales[c] == b.f32(0), b.f32(std::numeric_limits<double>::infinity()), scales[c]);
      Scalar code = b.roundEven(b.divide(row[c] - zeros[c], divisor));
      code = min(max(code, b.f32(0)), b.f32(largest));
      Scalar bits = b.wrap(arith::FPToSIOp::create(b, b.getI32Type(), Value(code)));
      word = word | (bits << c * pool.bits());
    }
    b.ifThen(exists,
             [&] { b.store(word, b.bytePtr(block, pool.codeOffset(token, firstChannel)), 4); });
  }
}
