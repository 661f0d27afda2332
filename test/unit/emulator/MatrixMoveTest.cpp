//===- MatrixMoveTest.cpp - ldmatrix, stmatrix, movmatrix and bank conflicts -===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/unit/emulator/KernelRun.h"

#include <gtest/gtest.h>

using namespace qopt;
using namespace qopt::emulator;

namespace {

const std::string kDynamic = ".extern .shared .align 16 .b8 dynamic[];\n";

/// Fills 32 rows of 8 halves (element 100 * row + column), `stride` bytes apart, runs `body` with
/// the address of row `lane` in %rd6, and returns %r0 to %r3 of all lanes.
std::vector<uint32_t> withMatrices(const std::string &body, Statistics *statistics = nullptr,
                                   unsigned stride = 16) {
  std::string text = fmt::format(R"(
  mov.u32 %r20, %tid.x; mov.u64 %rd5, dynamic; mul.wide.u32 %rd6, %r20, {};
  add.u64 %rd6, %rd6, %rd5; mul.lo.u32 %r21, %r20, 100;
  mov.u32 %r0, 0; mov.u32 %r1, 0; mov.u32 %r2, 0; mov.u32 %r3, 0;
)",
                                 stride);
  for (int column = 0; column < 8; ++column)
    text +=
        fmt::format("add.u32 %r22, %r21, {}; st.shared.b16 [%rd6+{}], %r22;\n", column, 2 * column);
  text += "bar.sync 0;\n" + body +
          "\n  mul.wide.u32 %rd7, %r20, 16; add.u64 %rd0, %rd0, %rd7;\n"
          "  st.global.v4.b32 [%rd0], {%r0, %r1, %r2, %r3}; ret;";
  KernelRun run(kernelText(text, kDynamic));
  uint64_t to = run.upload(std::vector<uint32_t>(128));
  Statistics counted = run.launch("k", {1, 1, 1}, {32, 1, 1}, {to, 0, 0, 0}, 32 * stride);
  if (statistics)
    *statistics = counted;
  return run.download<uint32_t>(to, 128);
}

uint32_t element(unsigned row, unsigned column) { return 100 * row + column; }

} // namespace

TEST(MatrixMove, LoadsFourMatrices) {
  std::vector<uint32_t> r =
      withMatrices("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r0, %r1, %r2, %r3}, [%rd6];");
  for (unsigned lane = 0; lane < 32; ++lane)
    for (unsigned matrix = 0; matrix < 4; ++matrix) {
      unsigned row = 8 * matrix + lane / 4, column = lane % 4 * 2;
      EXPECT_EQ(r[4 * lane + matrix], element(row, column) | element(row, column + 1) << 16);
    }
}

TEST(MatrixMove, LoadsTransposed) {
  std::vector<uint32_t> r =
      withMatrices("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%r0, %r1}, [%rd6];");
  for (unsigned lane = 0; lane < 32; ++lane)
    for (unsigned matrix = 0; matrix < 2; ++matrix) {
      unsigned row = 8 * matrix + lane % 4 * 2, column = lane / 4;
      EXPECT_EQ(r[4 * lane + matrix], element(row, column) | element(row + 1, column) << 16);
    }
  EXPECT_EQ(r[2], 0u);
}

TEST(MatrixMove, LoadsFromGenericAddresses) {
  std::vector<uint32_t> r = withMatrices("cvta.shared.u64 %rd6, %rd6;\n"
                                         "ldmatrix.sync.aligned.m8n8.x1.b16 {%r0}, [%rd6];");
  EXPECT_EQ(r[4 * 5], element(1, 2) | element(1, 3) << 16);
}

TEST(MatrixMove, StoresAndTransposes) {
  // Transposed in registers, stored, loaded transposed: as before.
  std::vector<uint32_t> r =
      withMatrices("ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r4}, [%rd6];\n"
                   "movmatrix.sync.aligned.m8n8.trans.b16 %r1, %r4; bar.sync 0;\n"
                   "stmatrix.sync.aligned.m8n8.x1.trans.shared.b16 [%rd6], {%r1}; bar.sync 0;\n"
                   "ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r0}, [%rd6];");
  for (unsigned lane = 0; lane < 32; ++lane) {
    unsigned row = lane / 4, column = lane % 4 * 2;
    EXPECT_EQ(r[4 * lane], element(row, column) | element(row, column + 1) << 16);
    EXPECT_EQ(r[4 * lane + 1], element(column, row) | element(column + 1, row) << 16);
  }
}

TEST(MatrixMove, BankConflicts) {
  std::string load = "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r0, %r1, %r2, %r3}, [%rd6];";
  Statistics none, load16, load128, load144;
  withMatrices("", &none, 16);
  withMatrices(load, &load16, 16);
  // Eight rows side by side use every bank once.
  EXPECT_EQ(load16.sharedRequests - none.sharedRequests, 1u);
  EXPECT_EQ(load16.sharedWavefronts - none.sharedWavefronts, 4u);
  EXPECT_EQ(load16.bankConflicts, none.bankConflicts);
  // Rows 128 bytes apart all begin in bank 0; 16 bytes more, and they do not.
  withMatrices("", &none, 128);
  withMatrices(load, &load128, 128);
  EXPECT_EQ(load128.bankConflicts - none.bankConflicts, 4 * 7u);
  withMatrices("", &none, 144);
  withMatrices(load, &load144, 144);
  EXPECT_EQ(load144.bankConflicts, none.bankConflicts);
}
