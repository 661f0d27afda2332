//===- CodedHead.h - what a head is after coding ----------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TEST_UNIT_LOWERING_CODEDHEAD_H
#define QOPT_TEST_UNIT_LOWERING_CODEDHEAD_H

#include "runtime/quantization/CacheFormat.h"
#include <vector>

namespace qopt::test {

using Vector = std::vector<double>;

double roundToF16(double value);
/// A token's head of `dim` elements after coding and decoding, in float64, found by trying every
/// code.
Vector codedHead(const float *head, int64_t dim, const CacheFormat &format);

} // namespace qopt::test

#endif // QOPT_TEST_UNIT_LOWERING_CODEDHEAD_H
