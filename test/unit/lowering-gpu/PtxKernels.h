//===- PtxKernels.h - kernels from text to a launch on the emulator -*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TEST_UNIT_LOWERING_GPU_PTXKERNELS_H
#define QOPT_TEST_UNIT_LOWERING_GPU_PTXKERNELS_H

#include "test/unit/emulator/KernelRun.h"
#include <functional>
#include <memory>
#include <random>

namespace qopt::test {

/// The kernels of a module in text, fused, configured, emitted and compiled, on a device of the
/// emulator.
class PtxKernels {
public:
  /// Throws std::runtime_error with the diagnostics.
  explicit PtxKernels(const std::string &text, const std::string &chip = "sm_80");

  emulator::KernelRun &device() { return *run; }

  /// Launches the function's only op of the name `op` ("kernel.matmul") for T rows and B sequences.
  emulator::Statistics launch(const std::string &op, const std::vector<uint64_t> &arguments,
                              int64_t rows, int64_t sequences = 1);

private:
  struct Kernel {
    std::string name;
    std::function<emulator::Extent(int64_t, int64_t)> grid;
    uint32_t block, shared;
  };
  std::map<std::string, Kernel> kernels; ///< by op
  std::unique_ptr<emulator::KernelRun> run;
};

inline int64_t roundUp(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// Normal numbers, the same in every run.
class Normal {
public:
  explicit Normal(uint64_t seed) : engine(seed) {}
  float next(float deviation = 1) { return std::normal_distribution<float>(0, deviation)(engine); }
  std::mt19937_64 engine;
};

/// Rows of `columns` numbers as they lie in memory, `columns` rounded up to 32 apart, with NaN in
/// the padding that nobody may use.
struct Rows {
  Rows(int64_t rows, int64_t columns, bool isBf16, Normal *contents = nullptr);

  double &at(int64_t row, int64_t column) { return values[row * columns + column]; }
  double at(int64_t row, int64_t column) const { return values[row * columns + column]; }
  int64_t rows, columns, stride;
  bool isBf16;
  std::vector<double> values; ///< without padding, as stored

  uint64_t upload(emulator::KernelRun &device, double padding) const;
  /// Reads `values` back from `address`.
  void download(emulator::KernelRun &device, uint64_t address);
};

} // namespace qopt::test

#endif // QOPT_TEST_UNIT_LOWERING_GPU_PTXKERNELS_H
