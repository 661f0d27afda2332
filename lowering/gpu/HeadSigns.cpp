//===- HeadSigns.cpp - the signs of a rotation ----------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/HeadSigns.h"
#include "runtime/quantization/Hadamard.h"

using namespace qopt;
using namespace qopt::ptx;

HeadSigns::HeadSigns(PtxBuilder &b, uint32_t seed, int64_t headDim) : b(b) {
  words.resize((headDim + 31) / 32);
  for (auto [i, sign] : llvm::enumerate(hadamardSigns(seed, headDim)))
    words[i / 32] |= uint32_t(sign < 0) << i % 32;
}

Scalar HeadSigns::apply(Scalar value, Scalar element) const {
  Scalar word = b.i32(words[0]);
  for (size_t i = 1; i < words.size(); ++i)
    word = select(element >= int64_t(32 * i), b.i32(words[i]), word);
  Scalar bit = (word >> (element % 32)) << 31;
  return (value.bitcast(b.getI32Type()) ^ bit).bitcast(b.getF32Type());
}
