//===- WarpOperationTest.cpp - shuffles, votes, atomics and counters ------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/unit/emulator/KernelRun.h"

#include <bit>
#include <gtest/gtest.h>

using namespace qopt;
using namespace qopt::emulator;

namespace {

/// The result of each lane, which has its number in %r1 and ten times that in %r2.
std::vector<uint32_t> run(const std::string &body) {
  std::vector<uint32_t> lanes(32), tens(32);
  for (uint32_t i = 0; i < 32; ++i) {
    lanes[i] = i;
    tens[i] = 10 * i;
  }
  return runLanes(body, {lanes, tens});
}

template <typename Function>
void expectEach(const std::vector<uint32_t> &found, Function function) {
  for (uint32_t i = 0; i < found.size(); ++i)
    EXPECT_EQ(found[i], uint32_t(function(i))) << "lane " << i;
}

} // namespace

TEST(WarpOperation, Shuffles) {
  expectEach(run("shfl.sync.bfly.b32 %r0, %r2, 5, 31, -1;"),
             [](uint32_t i) { return 10 * (i ^ 5); });
  expectEach(run("shfl.sync.up.b32 %r0, %r2, 3, 0, -1;"),
             [](uint32_t i) { return 10 * (i < 3 ? i : i - 3); });
  expectEach(run("shfl.sync.down.b32 %r0, %r2, 3, 31, -1;"),
             [](uint32_t i) { return 10 * (i + 3 > 31 ? i : i + 3); });
  expectEach(run("shfl.sync.idx.b32 %r0, %r2, 4, 31, -1;"), [](uint32_t) { return 40; });
  // Segments of 8 lanes: c has the mask 0x18 above the clamp 31.
  expectEach(run("shfl.sync.idx.b32 %r0, %r2, 3, 0x181f, -1;"),
             [](uint32_t i) { return 10 * (i / 8 * 8 + 3); });
  expectEach(run("shfl.sync.up.b32 %r0|%p0, %r2, 3, 0x1800, -1; selp.u32 %r3, 1, 0, %p0;\n"
                 "add.u32 %r0, %r0, %r3;"),
             [](uint32_t i) { return i % 8 < 3 ? 10 * i : 10 * (i - 3) + 1; });
  expectEach(run("shfl.sync.down.b32 %r0|%p0, %r2, 3, 0x181f, -1; selp.u32 %r3, 1, 0, %p0;\n"
                 "add.u32 %r0, %r0, %r3;"),
             [](uint32_t i) { return i % 8 + 3 > 7 ? 10 * i : 10 * (i + 3) + 1; });
  // Two halves of the warp, each for itself, in one instruction.
  expectEach(run("setp.lt.u32 %p0, %r1, 16; selp.b32 %r3, 0xffff, 0xffff0000, %p0;\n"
                 "shfl.sync.bfly.b32 %r0, %r2, 1, 31, %r3;"),
             [](uint32_t i) { return 10 * (i ^ 1); });
}

TEST(WarpOperation, Votes) {
  std::string odd = "and.b32 %r3, %r1, 1; setp.ne.u32 %p0, %r3, 0;\n";
  expectEach(run(odd + "vote.sync.ballot.b32 %r0, %p0, -1;"), [](uint32_t) { return 0xaaaaaaaa; });
  expectEach(run(odd + "vote.sync.ballot.b32 %r0, !%p0, -1;"), [](uint32_t) { return 0x55555555; });
  std::string select = "selp.u32 %r0, 1, 0, %p1;";
  expectEach(run(odd + "vote.sync.any.pred %p1, %p0, -1;" + select), [](uint32_t) { return 1; });
  expectEach(run(odd + "vote.sync.all.pred %p1, %p0, -1;" + select), [](uint32_t) { return 0; });
  expectEach(run(odd + "vote.sync.uni.pred %p1, %p0, -1;" + select), [](uint32_t) { return 0; });
  expectEach(run("shr.u32 %r3, %r1, 3; match.any.sync.b32 %r0, %r3, -1;"),
             [](uint32_t i) { return 0xffu << (i / 8 * 8); });
  expectEach(run("match.all.sync.b32 %r0|%p1, %r1, -1;"), [](uint32_t) { return 0; });
  expectEach(run("mov.u32 %r0, 0; elect.sync _|%p0, -1; @%p0 mov.u32 %r0, 1;"),
             [](uint32_t i) { return i == 0; });
}

TEST(WarpOperation, Reductions) {
  expectEach(run("redux.sync.add.s32 %r0, %r1, -1;"), [](uint32_t) { return 496; });
  expectEach(run("sub.s32 %r3, %r1, 20; redux.sync.min.s32 %r0, %r3, -1;"),
             [](uint32_t) { return -20; });
  expectEach(run("sub.s32 %r3, %r1, 20; redux.sync.max.u32 %r0, %r3, -1;"),
             [](uint32_t) { return 0xffffffff; });
  expectEach(run("redux.sync.or.b32 %r0, %r1, -1;"), [](uint32_t) { return 31; });
  expectEach(run("redux.sync.xor.b32 %r0, %r1, -1;"), [](uint32_t) { return 0; });
}

TEST(WarpOperation, Atomics) {
  struct Case {
    const char *instruction;
    uint32_t initial, expected;
  };
  // 64 blocks of 32 threads on several cores; %r1 is the thread's number in the grid.
  const Case cases[] = {
      {"red.global.add.u32 [%rd0], 1;", 0, 2048},
      {"atom.global.add.s32 %r3, [%rd0], -1;", 0, uint32_t(-2048)},
      {"atom.add.u32 %r3, [%rd0], 2;", 5, 4101},
      {"red.global.max.u32 [%rd0], %r1;", 7, 2047},
      {"red.global.min.s32 [%rd0], %r1;", 7, 0},
      {"red.global.or.b32 [%rd0], %r1;", 0, 2047},
      {"red.global.inc.u32 [%rd0], 99;", 0, 2048 % 100},
      {"red.global.dec.u32 [%rd0], 99;", 0, 100 - 2048 % 100},
      {"red.global.add.f32 [%rd0], 0f3F800000;", 0, std::bit_cast<uint32_t>(2048.0f)},
      {"red.global.add.noftz.f16x2 [%rd0], 0x3c000000;", 0, 0x68000000},
  };
  for (const Case &c : cases) {
    KernelRun kernel(kernelText("mov.u32 %r1, %ctaid.x; shl.b32 %r1, %r1, 5; mov.u32 %r2, %tid.x;\n"
                                "add.u32 %r1, %r1, %r2;\n" +
                                std::string(c.instruction) + "ret;"),
                     4);
    uint64_t cell = kernel.upload(std::vector<uint32_t>{c.initial});
    kernel.launch("k", {64, 1, 1}, {32, 1, 1}, {cell, 0, 0, 0});
    EXPECT_EQ(kernel.download<uint32_t>(cell, 1)[0], c.expected) << c.instruction;
  }
}

TEST(WarpOperation, CompareAndSwap) {
  // Where the lane's cell holds 10 times its number: 70 becomes 1000, once.
  expectEach(run(R"(
    atom.global.cas.b32 %r3, [%rd2], 70, 1000;
    atom.global.exch.b32 %r4, [%rd2], %r1;
    sub.u32 %r0, %r4, %r3;
  )"),
             [](uint32_t i) { return i == 7 ? 930 : 0; });
}

TEST(WarpOperation, GlobalCounters) {
  KernelRun kernel(kernelText(R"(
    mov.u32 %r1, %tid.x; mul.wide.u32 %rd4, %r1, 16; add.u64 %rd4, %rd0, %rd4;
    ld.global.v4.b32 {%r2, %r3, %r4, %r5}, [%rd4];
    mul.wide.u32 %rd5, %r1, 4; add.u64 %rd5, %rd0, %rd5; st.global.b32 [%rd5], %r2;
    mul.wide.u32 %rd6, %r1, 64; add.u64 %rd6, %rd0, %rd6; ld.global.b32 %r6, [%rd6]; ret;)"));
  uint64_t buffer = kernel.upload(std::vector<uint32_t>(512));
  Statistics counted = kernel.launch("k", {1, 1, 1}, {32, 1, 1}, {buffer, 0, 0, 0});
  EXPECT_EQ(counted.globalRequests, 3u);
  EXPECT_EQ(counted.globalSectors, 16u + 4 + 32);
  EXPECT_EQ(counted.globalBytesLoaded, 512u + 128);
  EXPECT_EQ(counted.globalBytesStored, 128u);
  EXPECT_EQ(counted.globalBytes128, 512u);
  EXPECT_EQ(counted.warpInstructions, 15u);
  EXPECT_EQ(counted.threadInstructions, 15u * 32);
}

TEST(WarpOperation, SharedCounters) {
  // A word for each lane, `stride` words apart.
  auto conflicts = [](unsigned stride, const char *access) {
    KernelRun kernel(kernelText(fmt::format("mov.u32 %r1, %tid.x; mul.wide.u32 %rd4, %r1, {};\n"
                                            "mov.u64 %rd5, dynamic; add.u64 %rd5, %rd5, %rd4;\n"
                                            "mov.b64 %rd6, 0; mov.u32 %r2, 0;\n{} ret;",
                                            4 * stride, access),
                                ".extern .shared .align 16 .b8 dynamic[];\n"));
    return kernel.launch("k", {1, 1, 1}, {32, 1, 1}, {0, 0, 0, 0}, 32 * 4 * stride).bankConflicts;
  };
  EXPECT_EQ(conflicts(1, "st.shared.b32 [%rd5], %r2;"), 0u);
  EXPECT_EQ(conflicts(2, "st.shared.b32 [%rd5], %r2;"), 1u);
  EXPECT_EQ(conflicts(32, "st.shared.b32 [%rd5], %r2;"), 31u);
  EXPECT_EQ(conflicts(33, "st.shared.b32 [%rd5], %r2;"), 0u);
  EXPECT_EQ(conflicts(2, "st.shared.b64 [%rd5], %rd6;"), 0u);
  EXPECT_EQ(conflicts(4, "st.shared.v4.b32 [%rd5], {%r2, %r2, %r2, %r2};"), 0u);
  EXPECT_EQ(conflicts(8, "st.shared.v4.b32 [%rd5], {%r2, %r2, %r2, %r2};"), 4u);
}
