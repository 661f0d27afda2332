//===- CompiledKernelTest.cpp - kernels that the compiler wrote -----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// data/matvec.ptx and data/matmul.ptx are two kernels of qopt's output for models with bf16
// weights, for decode and for prefill: loops with several 16-byte loads under way, a reduction over
// warps; cp.async in stages, swizzled shared memory, ldmatrix, mma.

#include "runtime/formats/FloatConvert.h"
#include "test/unit/emulator/KernelRun.h"

#include <cmath>
#include <fstream>
#include <gtest/gtest.h>
#include <random>
#include <sstream>

using namespace qopt;
using namespace qopt::emulator;

namespace {

std::string readData(const char *name) {
  std::ifstream stream(std::string(QOPT_SOURCE_DIR "/test/unit/emulator/data/") + name);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

std::vector<uint16_t> randomBf16(size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<uint16_t> values(count);
  for (uint16_t &value : values)
    value = f32ToBf16(float(int32_t(random())) * 0x1p-30f); // between -2 and 2
  return values;
}

double product(const uint16_t *x, const uint16_t *y, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; ++i)
    sum += double(bf16ToF32(x[i])) * bf16ToF32(y[i]);
  return sum;
}

} // namespace

TEST(CompiledKernel, DecodeMatvec) {
  KernelRun kernel(readData("matvec.ptx"), 2);
  constexpr size_t n = 4096;
  std::vector<uint16_t> x = randomBf16(n, 1), weight = randomBf16(n * n, 2);
  std::vector<float> residual(n);
  for (size_t i = 0; i < n; ++i)
    residual[i] = float(i);
  uint64_t result = kernel.upload(residual);
  Statistics counted = kernel.launch(
      "matmul_4096x4096_bf16_residual_rows1", {n / 4, 1, 1}, {128, 1, 1},
      {kernel.upload(x), kernel.upload(weight), kernel.upload(residual), result, 1}, 32);
  std::vector<float> found = kernel.download<float>(result, n);
  for (size_t column = 0; column < n; ++column)
    ASSERT_NEAR(found[column], product(x.data(), &weight[column * n], n) + double(column), 2e-3);
  // Every weight is read once, in whole sectors and accesses of 16 bytes.
  EXPECT_GE(counted.globalBytes128, 2 * n * n);
  EXPECT_LT(counted.globalBytes128, 3.1 * n * n);
  EXPECT_EQ(counted.bankConflicts, 0u);
}

TEST(CompiledKernel, PrefillMatmul) {
  KernelRun kernel(readData("matmul.ptx"), 2);
  constexpr size_t depth = 256, columns = 512;
  for (size_t rows : {1, 7, 64, 100}) {
    std::vector<uint16_t> x = randomBf16(rows * depth, 3), weight = randomBf16(columns * depth, 4);
    uint64_t result = kernel.upload(std::vector<float>(rows * columns, NAN));
    Statistics counted =
        kernel.launch("matmul_512x256_bf16", {uint32_t((rows + 63) / 64), columns / 64, 1},
                      {128, 1, 1}, {kernel.upload(x), kernel.upload(weight), result, rows}, 32768);
    std::vector<float> found = kernel.download<float>(result, rows * columns);
    for (size_t row = 0; row < rows; ++row)
      for (size_t column = 0; column < columns; ++column)
        ASSERT_NEAR(found[row * columns + column],
                    product(&x[row * depth], &weight[column * depth], depth), 1e-4)
            << rows << " rows, " << row << ", " << column;
    EXPECT_GT(counted.matrixInstructions, 0u);
    EXPECT_EQ(counted.bankConflicts, 0u);
  }
}

/// The checks see mistakes in real kernels: too little shared memory, too short a buffer, and waits
/// and barriers taken out.
TEST(CompiledKernel, PlantedFaults) {
  std::string text = readData("matmul.ptx");
  auto run = [](const std::string &ptx, uint32_t shared, size_t weightRows) {
    KernelRun kernel(ptx);
    std::vector<uint64_t> arguments = {kernel.upload(randomBf16(64 * 256, 3)),
                                       kernel.upload(randomBf16(weightRows * 256, 4)),
                                       kernel.upload(std::vector<float>(64 * 512)), 64};
    std::string message =
        kernel.launchError("matmul_512x256_bf16", {1, 8, 1}, {128, 1, 1}, arguments, shared);
    return std::pair(message.empty() ? std::nullopt : std::optional(kernel.lastFault), message);
  };
  auto without = [&](std::string_view instruction) {
    std::string changed = text;
    for (size_t at; (at = changed.find(instruction)) != std::string::npos;)
      changed.erase(at, changed.find(';', at) + 1 - at);
    EXPECT_NE(changed, text) << instruction;
    return changed;
  };
  EXPECT_EQ(run(text, 32768, 512).first, std::nullopt);
  EXPECT_EQ(run(text, 32768 - 16, 512).first, FaultKind::OutOfBounds);
  EXPECT_EQ(run(text, 32768, 511).first, FaultKind::OutOfBounds);
  EXPECT_EQ(run(without("bar.sync"), 32768, 512).first, FaultKind::Race);
  EXPECT_EQ(run(without("cp.async.wait_group"), 32768, 512).first, FaultKind::Race);
}
