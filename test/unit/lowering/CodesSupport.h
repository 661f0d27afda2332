//===- CodesSupport.h - random codes, scales and their schemes ---------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TEST_UNIT_LOWERING_CODESSUPPORT_H
#define QOPT_TEST_UNIT_LOWERING_CODESSUPPORT_H

#include "runtime/quantization/Scheme.h"
#include "test/unit/lowering/KernelTestSupport.h"

namespace qopt::test {

/// `#q.scheme<...>` as the kernel ops take it.
std::string schemeText(const Scheme &scheme);

/// Codes of a weight in panels (llm.pack), with scales and zeros by row or group, and their values.
struct WeightCodes {
  Scheme scheme;
  int64_t n, k, groups;
  std::vector<int32_t> codes;       ///< row-major [N, K]
  std::vector<float> scales, zeros; ///< row-major [N, groups]
  Buffer<uint8_t> packedCodes;
  Buffer<float> packedScales, packedZeros;

  WeightCodes(Random &random, const Scheme &scheme, int64_t n, int64_t k, int64_t ways = 1);
  int64_t panels(int64_t ways = 1) const { return (n + 31) / 32 + (ways == 2 && n / 2 % 16 != 0); }
};

/// Codes of an activation as kernel.quantize makes them, with anything in the padding.
struct InputCodes {
  int64_t rows, k, groups; ///< scales of a row
  bool isShared;           ///< one scale for all rows
  Buffer<int8_t> codes;    ///< rows start every round_up(k, 32)
  Buffer<float> scales;    ///< rows start every round_up(groups, 32)

  InputCodes(Random &random, int64_t rows, int64_t k, int64_t groups, bool isShared);
  float scale(int64_t row, int64_t group) const {
    return scales[isShared ? 0 : row * strideOf(groups) + group];
  }
};

} // namespace qopt::test

#endif // QOPT_TEST_UNIT_LOWERING_CODESSUPPORT_H
