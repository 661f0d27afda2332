//===- BlockCodec.h - the arithmetic of quantization ------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_QUANTIZATION_BLOCKCODEC_H
#define QOPT_RUNTIME_QUANTIZATION_BLOCKCODEC_H

#include "runtime/quantization/Scheme.h"
#include <cstddef>
#include <limits>

namespace qopt {

/// The range of a block's values.
struct ValueRange {
  float min = std::numeric_limits<float>::infinity();
  float max = -std::numeric_limits<float>::infinity();

  /// The largest magnitude.
  float amax() const;
  void merge(ValueRange other);
};

/// The range of `values`. A NaN or infinity makes `firstNonFinite` its index, otherwise it stays
/// `values.size()`.
ValueRange rangeOf(std::span<const float> values, size_t &firstNonFinite);

/// What turns codes of one block back into values.
struct BlockParameters {
  float scale = 0; ///< as stored: already rounded to the scheme's scale type
  float zero = 0;  ///< see ZeroPoint
  float amax = 0;  ///< the largest magnitude, which Arithmetic::Normalize divides by
};

/// The parameters of a block with this range. A block of zeros has scale 0 (or the scheme's
/// minimum): its codes are 0 and decode to exact zeros. `tensorScale` is the second level of
/// ScaleType::E4M3: `tensor amax / (6 * 448)`; the resulting scale includes it. Not for
/// Arithmetic::Ggml, whose blocks GgmlQuantizer.h quantizes.
BlockParameters chooseParameters(const Scheme &scheme, ValueRange range, float tensorScale = 1);

/// Codes of a block. Integers are two's complement (unsigned 4-bit codes as 0..15), floats their
/// bits; 16-bit storage types do not come here (roundTo16Bits).
void encode(const Scheme &scheme, const BlockParameters &parameters, std::span<const float> values,
            std::span<uint8_t> codes);

/// Values of a block: `scale * code`, `scale * (code - zero)` or `scale * code + zero`, each in
/// f32.
void decode(const Scheme &scheme, const BlockParameters &parameters, std::span<const uint8_t> codes,
            std::span<float> values);

/// Rounds to bf16 or f16 and back.
void roundTo16Bits(Storage storage, std::span<float> values);

} // namespace qopt

#endif // QOPT_RUNTIME_QUANTIZATION_BLOCKCODEC_H
