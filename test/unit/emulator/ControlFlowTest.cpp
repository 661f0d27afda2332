//===- ControlFlowTest.cpp - divergence, calls, barriers ------------------===//
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

/// The result of each lane, which has its number in %r1.
std::vector<uint32_t> run(const std::string &body, unsigned warps = 1) {
  std::vector<uint32_t> lanes(32 * warps);
  for (uint32_t i = 0; i < lanes.size(); ++i)
    lanes[i] = i;
  return runLanes(body, {lanes}, warps);
}

/// Expects a function of the thread's number.
template <typename Function>
void expectEach(const std::vector<uint32_t> &found, Function function) {
  for (uint32_t i = 0; i < found.size(); ++i)
    EXPECT_EQ(found[i], function(i)) << "thread " << i;
}

} // namespace

TEST(ControlFlow, BranchesReconverge) {
  // Nested branches; the shuffle after them needs all lanes.
  expectEach(run(R"(
    setp.lt.u32 %p0, %r1, 20; @%p0 bra SMALL;
    add.u32 %r2, %r1, 1000; bra.uni JOIN;
  SMALL:
    setp.lt.u32 %p1, %r1, 7; @!%p1 bra MIDDLE;
    mul.lo.u32 %r2, %r1, 3; bra.uni JOIN;
  MIDDLE:
    mov.u32 %r2, 5;
  JOIN:
    shfl.sync.idx.b32 %r0, %r2, %r1, 31, -1;
    activemask.b32 %r3; sub.u32 %r3, %r3, -1; add.u32 %r0, %r0, %r3;
  )"),
             [](uint32_t i) { return i < 7 ? 3 * i : (i < 20 ? 5 : i + 1000); });
}

TEST(ControlFlow, ColdBlocksAtTheEnd) {
  // The join comes before one of the ways to it: lanes there wait at the shuffle.
  expectEach(run(R"(
    mov.u32 %r2, 0; setp.eq.u32 %p0, %r1, 9; @%p0 bra COLD;
  JOIN:
    shfl.sync.bfly.b32 %r0, %r2, 1, 31, -1;
    bra.uni OUT;
  COLD:
    mov.u32 %r2, 77; bra.uni JOIN;
  OUT:
  )"),
             [](uint32_t i) { return i == 8 ? 77u : 0u; });
}

TEST(ControlFlow, LoopsOfDifferentLengths) {
  expectEach(run(R"(
    mov.u32 %r0, 0; mov.u32 %r2, 0;
  LOOP:
    setp.ge.u32 %p0, %r2, %r1; @%p0 bra DONE;
    add.u32 %r2, %r2, 1; add.u32 %r0, %r0, %r2; bra LOOP;
  DONE:
    bar.warp.sync -1;
  )"),
             [](uint32_t i) { return i * (i + 1) / 2; });
}

TEST(ControlFlow, LanesThatEndEarly) {
  KernelRun kernel(kernelText(R"(
    mov.u32 %r1, %tid.x; mul.wide.u32 %rd4, %r1, 4; add.u64 %rd0, %rd0, %rd4;
    and.b32 %r2, %r1, 1; setp.eq.u32 %p0, %r2, 0; @%p0 ret;
    shfl.sync.down.b32 %r3, %r1, 2, 31, 0xaaaaaaaa;
    st.global.b32 [%rd0], %r3; exit;)"));
  uint64_t to = kernel.upload(std::vector<uint32_t>(32, 99));
  kernel.launch("k", {1, 1, 1}, {32, 1, 1}, {to, 0, 0, 0});
  expectEach(kernel.download<uint32_t>(to, 32),
             [](uint32_t i) { return i % 2 == 0 ? 99 : (i + 2 < 32 ? i + 2 : i); });
}

TEST(ControlFlow, Switches) {
  expectEach(run(R"(
    and.b32 %r2, %r1, 3;
    brx.idx %r2, TABLE;
  TABLE: .branchtargets A, B, C, B;
  A: mov.u32 %r0, 10; bra OUT;
  B: mov.u32 %r0, 20; bra OUT;
  C: mov.u32 %r0, 30;
  OUT:
  )"),
             [](uint32_t i) { return i % 4 == 0 ? 10u : (i % 4 == 2 ? 30u : 20u); });
}

TEST(ControlFlow, CallsOfDeviceFunctions) {
  // Lanes call from two places, one function calls another, and an array goes by value.
  KernelRun kernel(R"(
.func (.param .b32 result) twice(.param .b32 x)
{
  .reg .b32 %r<3>;
  ld.param.b32 %r1, [x];
  add.u32 %r2, %r1, %r1;
  st.param.b32 [result], %r2;
  ret;
}
.func (.param .b32 result) sum(.param .align 8 .b8 pair[8])
{
  .reg .b32 %r<4>;
  ld.param.v2.b32 {%r1, %r2}, [pair];
  { .param .b32 a; .param .b32 r;
    st.param.b32 [a], %r2;
    call.uni (r), twice, (a);
    ld.param.b32 %r2, [r];
  }
  add.u32 %r3, %r1, %r2;
  st.param.b32 [result], %r3;
  ret;
}
)" + kernelText(R"(
  mov.u32 %r1, %tid.x; mul.wide.u32 %rd4, %r1, 4; add.u64 %rd0, %rd0, %rd4;
  setp.lt.u32 %p0, %r1, 11; @%p0 bra LOW;
  { .param .b32 param0; .param .b32 retval0;
    st.param.b32 [param0], %r1;
    call (retval0), twice, (param0);
    ld.param.b32 %r0, [retval0]; }
  bra OUT;
LOW:
  { .param .align 8 .b8 param0[8]; .param .b32 retval0;
    st.param.b32 [param0], 1000; st.param.b32 [param0+4], %r1;
    call (retval0), sum, (param0);
    ld.param.b32 %r0, [retval0]; }
OUT:
  st.global.b32 [%rd0], %r0; ret;)"));
  uint64_t to = kernel.upload(std::vector<uint32_t>(32));
  kernel.launch("k", {1, 1, 1}, {32, 1, 1}, {to, 0, 0, 0});
  expectEach(kernel.download<uint32_t>(to, 32),
             [](uint32_t i) { return i < 11 ? 1000 + 2 * i : 2 * i; });
}

TEST(ControlFlow, LocalMemoryIsOfTheThread) {
  expectEach(run(R"(
    .local .align 4 .b8 array[128];
    mov.u64 %rd5, array; cvta.local.u64 %rd5, %rd5;
    mul.wide.u32 %rd6, %r1, 4; add.u64 %rd6, %rd5, %rd6;
    mov.u32 %r2, 7; st.local.b32 [array], %r2; st.b32 [%rd6], %r1;
    ld.local.b32 %r0, [array];
  )"),
             [](uint32_t i) { return i == 0 ? 0u : 7u; });
}

TEST(ControlFlow, BarriersBetweenWarps) {
  // Each thread reads what its mirror image wrote, twice.
  KernelRun kernel(kernelText(R"(
    mov.u32 %r1, %tid.x; mul.wide.u32 %rd4, %r1, 4; add.u64 %rd0, %rd0, %rd4;
    mov.u64 %rd5, buffer; add.u64 %rd6, %rd5, %rd4;
    sub.u32 %r2, 127, %r1; mul.wide.u32 %rd7, %r2, 4; add.u64 %rd7, %rd5, %rd7;
    mov.u32 %r4, 0;
  LOOP:
    add.u32 %r5, %r1, %r4; st.shared.b32 [%rd6], %r5; bar.sync 0;
    ld.shared.b32 %r3, [%rd7]; barrier.cta.sync.aligned 1, 128;
    add.u32 %r4, %r4, 1000; setp.lt.u32 %p0, %r4, 2000; @%p0 bra LOOP;
    st.global.b32 [%rd0], %r3; ret;)",
                              ".shared .align 4 .b8 buffer[512];\n"));
  uint64_t to = kernel.upload(std::vector<uint32_t>(128));
  Statistics counted = kernel.launch("k", {1, 1, 1}, {128, 1, 1}, {to, 0, 0, 0});
  expectEach(kernel.download<uint32_t>(to, 128), [](uint32_t i) { return 1000 + 127 - i; });
  EXPECT_EQ(counted.barriers, 4u);
}

TEST(ControlFlow, ReducingBarriers) {
  expectEach(run(R"(
    setp.lt.u32 %p0, %r1, 40; bar.red.popc.u32 %r2, 0, %p0;
    bar.red.and.pred %p1, 0, %p0; bar.red.or.pred %p2, 0, !%p0;
    selp.u32 %r3, 1000, 0, %p1; selp.u32 %r4, 100, 0, %p2;
    add.u32 %r0, %r2, %r3; add.u32 %r0, %r0, %r4;
  )",
                 2),
             [](uint32_t) { return 40u + 100; });
}

TEST(ControlFlow, ArriveAndSync) {
  // One warp fills, the other takes: 32 arrive and 32 wait.
  expectEach(run(R"(
    .shared .b32 cell;
    setp.lt.u32 %p0, %r1, 32; mov.u32 %r0, 0; @%p0 bra FILL;
    bar.sync 3, 64; ld.shared.b32 %r0, [cell]; bra OUT;
  FILL:
    mov.u32 %r2, 55; st.shared.b32 [cell], %r2; bar.arrive 3, 64;
  OUT:
  )",
                 2),
             [](uint32_t i) { return i < 32 ? 0u : 55u; });
}

/// A warp that waits for another in a loop lets it run.
TEST(ControlFlow, SpinningWarpsTakeTurns) {
  KernelRun kernel(kernelText(R"(
    mov.u32 %r1, %tid.x; setp.ge.u32 %p0, %r1, 32; @%p0 bra SIGNAL;
  SPIN:
    ld.volatile.global.b32 %r2, [%rd0]; setp.eq.u32 %p1, %r2, 0; @%p1 bra SPIN;
    ret;
  SIGNAL:
    mov.u32 %r3, 1; st.volatile.global.b32 [%rd0], %r3; ret;)"));
  uint64_t flag = kernel.upload(std::vector<uint32_t>(1));
  EXPECT_EQ(kernel.launchError("k", {1, 1, 1}, {64, 1, 1}, {flag, 0, 0, 0}), "");
}

TEST(ControlFlow, SpecialRegisters) {
  KernelRun kernel(kernelText(R"(
    mov.u32 %r1, %tid.x; mov.u32 %r2, %tid.y; mov.u32 %r3, %ntid.x; mad.lo.u32 %r4, %r2, %r3, %r1;
    mov.u32 %r5, %ctaid.y; mov.u32 %r6, %nctaid.x; mov.u32 %r7, %ctaid.x;
    mad.lo.u32 %r8, %r5, %r6, %r7; mov.u32 %r9, %ntid.y; mul.lo.u32 %r9, %r9, %r3;
    mad.lo.u32 %r8, %r8, %r9, %r4; mul.wide.u32 %rd4, %r8, 16; add.u64 %rd0, %rd0, %rd4;
    mov.u32 %r10, %laneid; mov.u32 %r11, %warpid; mov.u32 %r12, %lanemask_lt;
    st.global.v4.b32 [%rd0], {%r8, %r10, %r11, %r12}; ret;)"));
  uint64_t to = kernel.upload(std::vector<uint32_t>(4 * 6 * 48));
  kernel.launch("k", {3, 2, 1}, {16, 3, 1}, {to, 0, 0, 0});
  std::vector<uint32_t> found = kernel.download<uint32_t>(to, 4 * 6 * 48);
  for (uint32_t i = 0; i < 6 * 48; ++i) {
    uint32_t lane = i % 48 % 32;
    EXPECT_EQ(found[4 * i], i);
    EXPECT_EQ(found[4 * i + 1], lane);
    EXPECT_EQ(found[4 * i + 2], i % 48 / 32);
    EXPECT_EQ(found[4 * i + 3], (1u << lane) - 1);
  }
}
