//===- HeadTurn.cpp - the rotary embedding of a head ----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/HeadTurn.h"

using namespace mlir;
using namespace qopt::cpu;

SmallVector<HeadPiece> qopt::cpu::headPieces(int64_t headDim, bool turns) {
  int64_t parts = turns ? 2 : 1, size = headDim / parts;
  SmallVector<HeadPiece> pieces;
  for (int64_t part = 0; part < parts; ++part)
    for (int64_t i = 0; i < size; i += kLanes)
      pieces.push_back({part * size + i, std::min(kLanes, size - i)});
  return pieces;
}

void qopt::cpu::turnHead(CodeBuilder &b, CodeBuilder::Values &pieces, int64_t headDim, Value angles,
                         bool isBack) {
  Type f32 = b.getF32Type();
  int64_t half = headDim / 2, pairs = int64_t(pieces.size()) / 2;
  SmallVector<int64_t> even, odd;
  for (int64_t lane = 0; lane < kLanes; ++lane) {
    even.push_back(2 * lane);
    odd.push_back(2 * lane + 1);
  }
  for (int64_t i = 0; i < pairs; ++i) {
    int64_t start = i * kLanes, numbers = 2 * std::min(kLanes, half - start);
    Value low = b.loadVector(f32, b.element(f32, angles, 2 * start), std::min(kLanes, numbers));
    Value high = low;
    if (numbers > kLanes)
      high = b.loadVector(f32, b.element(f32, angles, 2 * start + kLanes), numbers - kLanes);
    Value cosine = b.shuffle(low, high, even), sine = b.shuffle(low, high, odd);
    Value x = pieces[i], y = pieces[pairs + i];
    Value xCosine = b.mulf(x, cosine), ySine = b.mulf(y, sine);
    Value yCosine = b.mulf(y, cosine), xSine = b.mulf(x, sine);
    pieces[i] = isBack ? b.addf(xCosine, ySine) : b.subf(xCosine, ySine);
    pieces[pairs + i] = isBack ? b.subf(yCosine, xSine) : b.addf(yCosine, xSine);
  }
}
