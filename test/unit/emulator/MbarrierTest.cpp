//===- MbarrierTest.cpp - mbarrier objects --------------------------------===//
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

const std::string kDeclarations = ".extern .shared .align 16 .b8 dynamic[];\n";
/// Thread 0 makes the object at `dynamic`; %r0 is the thread, %p0 whether it is the first.
std::string prologue(unsigned count) {
  return fmt::format("mov.u32 %r0, %tid.x; setp.eq.u32 %p0, %r0, 0;\n"
                     "@%p0 mbarrier.init.shared.b64 [dynamic], {};\n"
                     "fence.mbarrier_init.release.cluster; bar.sync 0;\n",
                     count);
}

/// The word of each thread, which is %r1 at the end.
std::vector<uint32_t> run(const std::string &body, unsigned threads) {
  KernelRun kernel(kernelText(body + "mul.wide.u32 %rd4, %r0, 4; add.u64 %rd4, %rd0, %rd4;\n"
                                     "st.global.b32 [%rd4], %r1; ret;",
                              kDeclarations));
  uint64_t out = kernel.upload(std::vector<uint32_t>(threads));
  kernel.launch("k", {1, 1, 1}, {threads, 1, 1}, {out, 0, 0, 0}, 1024);
  return kernel.download<uint32_t>(out, threads);
}

std::string fault(const std::string &body, FaultKind kind, unsigned threads = 32) {
  KernelRun kernel(kernelText(body + " ret;", kDeclarations));
  uint64_t buffer = kernel.upload(std::vector<uint32_t>(256));
  std::string message =
      kernel.launchError("k", {1, 1, 1}, {threads, 1, 1}, {buffer, 0, 0, 0}, 1024);
  if (!message.empty()) {
    EXPECT_EQ(kernel.lastFault, kind) << message;
  }
  return message;
}

#define EXPECT_TEXT(message, text)                                                                 \
  do {                                                                                             \
    std::string found = message;                                                                   \
    EXPECT_NE(found.find(text), std::string::npos) << found;                                       \
  } while (false)

} // namespace

TEST(Mbarrier, PhasesFollowArrivals) {
  // One thread, two arrivals a phase: tests of both parities after each, as bits of %r1.
  std::string test = "mbarrier.test_wait.parity.shared.b64 %p1, [dynamic], 0;\n"
                     "mbarrier.try_wait.parity.shared::cta.b64 %p2, [dynamic], 1, 1000;\n"
                     "shl.b32 %r1, %r1, 2; selp.u32 %r2, 2, 0, %p1; selp.u32 %r3, 1, 0, %p2;\n"
                     "or.b32 %r1, %r1, %r2; or.b32 %r1, %r1, %r3;\n";
  std::string arrive = "mbarrier.arrive.shared.b64 %rd5, [dynamic];\n";
  EXPECT_EQ(run(prologue(2) + "mov.u32 %r1, 0;\n" + test + arrive + test + arrive + test + arrive +
                    test + arrive + test,
                1)[0],
            0b01'01'10'10'01u);
}

TEST(Mbarrier, StatesNameThePhase) {
  // The state of an arrival tests its own phase: 0 before the second, 1 after.
  EXPECT_EQ(run(prologue(2) + "mbarrier.arrive.release.cta.shared::cta.b64 %rd5, [dynamic];\n"
                              "mbarrier.test_wait.shared.b64 %p1, [dynamic], %rd5;\n"
                              "mbarrier.arrive.shared.b64 _, [dynamic], 1;\n"
                              "mbarrier.test_wait.acquire.cta.shared.b64 %p2, [dynamic], %rd5;\n"
                              "selp.u32 %r1, 2, 0, %p1; selp.u32 %r2, 1, 0, %p2;\n"
                              "or.b32 %r1, %r1, %r2;\n",
                1)[0],
            1u);
}

TEST(Mbarrier, OrdersSharedMemory) {
  // Warp 1 writes and arrives; warp 0 waits and reads what another warp wrote.
  std::string body = prologue(32) + R"(
    setp.lt.u32 %p1, %r0, 32; and.b32 %r2, %r0, 31; mul.wide.u32 %rd5, %r2, 4;
    mov.u64 %rd6, dynamic; add.u64 %rd5, %rd5, %rd6; mov.u32 %r1, 0;
    @%p1 bra WAIT;
    st.shared.b32 [%rd5+16], %r0; mbarrier.arrive.shared.b64 _, [dynamic]; bra END;
    WAIT: mbarrier.try_wait.parity.shared.b64 %p2, [dynamic], 0; @%p2 bra READ; bra WAIT;
    READ: ld.shared.b32 %r1, [%rd5+16];
    END:
  )";
  std::vector<uint32_t> found = run(body, 64);
  for (uint32_t i = 0; i < 32; ++i)
    EXPECT_EQ(found[i], 32 + i);
  // Without the wait it is a race, though warp 1 happens to be first.
  size_t begin = body.find("mbarrier.try_wait"), end = body.find("READ:");
  EXPECT_TEXT(fault(body.substr(0, begin) + body.substr(end), FaultKind::Race, 64),
              "which thread 32 wrote with no barrier between");
}

TEST(Mbarrier, CountsBytes) {
  EXPECT_EQ(run(prologue(1) + "mbarrier.arrive.expect_tx.shared.b64 %rd5, [dynamic], 48;\n"
                              "mbarrier.test_wait.parity.shared.b64 %p1, [dynamic], 0;\n"
                              "mbarrier.complete_tx.relaxed.cta.shared.b64 [dynamic], 16;\n"
                              "mbarrier.test_wait.parity.shared.b64 %p2, [dynamic], 0;\n"
                              "mbarrier.complete_tx.relaxed.cta.shared.b64 [dynamic], 32;\n"
                              "mbarrier.test_wait.parity.shared.b64 %p3, [dynamic], 0;\n"
                              "selp.u32 %r1, 4, 0, %p1; selp.u32 %r2, 2, 0, %p2;\n"
                              "selp.u32 %r3, 1, 0, %p3; or.b32 %r1, %r1, %r2;\n"
                              "or.b32 %r1, %r1, %r3;\n",
                1)[0],
            1u);
  // Bytes may come before they are expected.
  EXPECT_EQ(run(prologue(1) + "mbarrier.complete_tx.relaxed.cta.shared.b64 [dynamic], 16;\n"
                              "mbarrier.expect_tx.relaxed.cta.shared.b64 [dynamic], 16;\n"
                              "mbarrier.arrive.shared.b64 %rd5, [dynamic];\n"
                              "mbarrier.test_wait.parity.shared.b64 %p1, [dynamic], 0;\n"
                              "selp.u32 %r1, 1, 0, %p1;\n",
                1)[0],
            1u);
}

TEST(Mbarrier, DropsThreads) {
  // Two are expected; one drops, and the next phase needs one only.
  EXPECT_EQ(run(prologue(2) + "mbarrier.arrive_drop.shared.b64 %rd5, [dynamic];\n"
                              "mbarrier.arrive.shared.b64 %rd5, [dynamic];\n"
                              "mbarrier.arrive.shared.b64 %rd5, [dynamic];\n"
                              "mbarrier.test_wait.parity.shared.b64 %p1, [dynamic], 1;\n"
                              "selp.u32 %r1, 1, 0, %p1;\n",
                1)[0],
            1u);
}

TEST(Mbarrier, CopiesOfCpAsyncArrive) {
  std::string body = prologue(32) + R"(
    mul.wide.u32 %rd5, %r0, 4; add.u64 %rd6, %rd0, %rd5; mov.u64 %rd7, dynamic;
    add.u64 %rd7, %rd7, %rd5; st.global.b32 [%rd6], %r0;
    cp.async.ca.shared.global [%rd7+16], [%rd6], 4;
    cp.async.mbarrier.arrive.noinc.shared.b64 [dynamic];
    WAIT: mbarrier.try_wait.parity.shared.b64 %p2, [dynamic], 0; @!%p2 bra WAIT;
    xor.b64 %rd5, %rd5, 4; mov.u64 %rd7, dynamic; add.u64 %rd7, %rd7, %rd5;
    ld.shared.b32 %r1, [%rd7+16];
  )";
  std::vector<uint32_t> found = run(body, 32);
  for (uint32_t i = 0; i < 32; ++i)
    EXPECT_EQ(found[i], i ^ 1);
}

TEST(Mbarrier, Faults) {
  std::string one = "mbarrier.arrive.shared.b64 %rd5, [dynamic];";
  EXPECT_TEXT(fault(one, FaultKind::Uninitialized), "which was never written");
  EXPECT_TEXT(fault("st.shared.b64 [dynamic], 0; bar.sync 0;" + one, FaultKind::Uninitialized),
              "uses the mbarrier at 0x0, which was not initialized");
  EXPECT_TEXT(fault("mov.u32 %r0, %tid.x; setp.eq.u32 %p0, %r0, 0;\n"
                    "@%p0 mbarrier.init.shared.b64 [dynamic], 32; @!%p0 " +
                        one,
                    FaultKind::Race),
              "which thread 0 wrote with no barrier between");
  EXPECT_TEXT(
      fault(prologue(1) + "mbarrier.arrive.shared.b64 %rd5, [dynamic], 2;", FaultKind::Divergence),
      "arrives 2 times at the mbarrier at 0x0, whose phase expects 1 of 1 arrivals");
  EXPECT_TEXT(fault(prologue(33) + one +
                        "WAIT: mbarrier.try_wait.parity.shared.b64 %p2, [dynamic], 0;\n"
                        "@!%p2 bra WAIT;",
                    FaultKind::Divergence),
              "waits forever at the mbarrier at 0x0, which lacks 1 of 33 arrivals and 0 bytes");
  EXPECT_TEXT(fault("mbarrier.init.shared.b64 [dynamic], 0;", FaultKind::OutOfBounds),
              "expects 0 arrivals, not 1 to 1048575");
  EXPECT_TEXT(fault("mbarrier.init.shared.b64 [dynamic+4], 1;", FaultKind::Misaligned),
              "which is no multiple of 8");
  EXPECT_TEXT(fault(prologue(1) + "@%p0 mbarrier.inval.shared.b64 [dynamic]; bar.sync 0;" + one,
                    FaultKind::Uninitialized),
              "which was not initialized");
}
