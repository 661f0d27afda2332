//===- GgmlSearch.h - scales of K blocks ------------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_QUANTIZATION_GGMLSEARCH_H
#define QOPT_RUNTIME_QUANTIZATION_GGMLSEARCH_H

#include "runtime/formats/GgmlType.h"

namespace qopt {

// Scales of a K block of 256 values with a small sum of squared errors. First each group alone: for
// each of some ways to round its values to codes, the scale (and zero) that fit these codes best.
// Then the f16 that all groups share, from the largest scale; and for each group the multiple of
// it, near its own scale, whose values are nearest. ggml searches alike, but for errors weighted by
// magnitude, and takes the nearest multiples.

/// Q4_K and Q5_K: codes 0 to `most`, groups of 32 with scales and zeros, which are not positive;
/// both are multiples of their f16 by 0 to 63.
void searchPairs(int most, std::span<const float> values, const BlockParts &parts);

/// Q6_K: codes -32 to 31, groups of 16 with scales that are multiples of an f16 by -128 to 127.
void searchScales(std::span<const float> values, const BlockParts &parts);

} // namespace qopt

#endif // QOPT_RUNTIME_QUANTIZATION_GGMLSEARCH_H
