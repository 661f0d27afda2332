//===- KernelTestSupport.h - random inputs and packed weights ----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TEST_UNIT_LOWERING_KERNELTESTSUPPORT_H
#define QOPT_TEST_UNIT_LOWERING_KERNELTESTSUPPORT_H

#include "test/unit/lowering/CompiledKernels.h"
#include <cstdint>
#include <gtest/gtest.h>
#include <random>

namespace qopt::test {

inline int64_t roundUp(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// Elements from one row of an activation to the next.
inline int64_t strideOf(int64_t columns) { return roundUp(columns, 32); }

/// Uniform numbers in [-1, 1), the same in every run.
class Random {
public:
  explicit Random(uint64_t seed) : engine(seed) {}
  float next() { return std::uniform_real_distribution<float>(-1, 1)(engine); }
  /// An activation, with NaN in the padding that nobody may use.
  Buffer<float> activation(int64_t rows, int64_t columns);

private:
  std::mt19937_64 engine;
};

/// A weight in its storage type ("bf16", "f16" or "f32"), and the values that it stores.
struct Weight {
  std::string type;
  std::vector<double> values; ///< row-major [N, K], or [N]
  Buffer<char> storage;       ///< as the kernel reads it

  /// A plain tensor.
  static Weight plain(Random &random, const std::string &type, int64_t count);
  /// A matrix in panels (llm.pack).
  static Weight packed(Random &random, const std::string &type, int64_t n, int64_t k,
                       int64_t ways = 1);
};

/// Runs every test for each level that the machine has.
class CpuLevels : public ::testing::TestWithParam<cpu::CpuLevel> {
protected:
  void SetUp() override {
    if (!machineHas(GetParam()))
      GTEST_SKIP() << "skipped: this machine has no " << cpu::traitsOf(GetParam()).name.str();
  }
};

inline std::string levelName(const ::testing::TestParamInfo<cpu::CpuLevel> &info) {
  return cpu::traitsOf(info.param).name.str();
}

#define INSTANTIATE_CPU_LEVELS(suite)                                                              \
  INSTANTIATE_TEST_SUITE_P(Cpu, suite, ::testing::ValuesIn(cpu::kCpuLevels), levelName)

} // namespace qopt::test

#endif // QOPT_TEST_UNIT_LOWERING_KERNELTESTSUPPORT_H
