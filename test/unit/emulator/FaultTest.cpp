//===- FaultTest.cpp - planted faults are found ---------------------------===//
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

struct Outcome {
  FaultKind kind;
  std::string message;
};

/// Runs a body in one block of `threads` with 256 bytes at %rd0, on the device, and 64 bytes of
/// dynamic shared memory at `dynamic`.
Outcome run(const std::string &body, unsigned threads = 32, unsigned blocks = 1) {
  KernelRun kernel(kernelText(body + "\n  ret;", ".extern .shared .align 16 .b8 dynamic[];\n"));
  uint64_t buffer = kernel.upload(std::vector<uint32_t>(64));
  std::string message =
      kernel.launchError("k", {blocks, 1, 1}, {threads, 1, 1}, {buffer, 0, 0, 0}, 64);
  return {kernel.lastFault, message};
}

#define EXPECT_FAULT(body, faultKind, text)                                                        \
  do {                                                                                             \
    Outcome outcome = body;                                                                        \
    EXPECT_NE(outcome.message.find(text), std::string::npos) << outcome.message;                   \
    EXPECT_EQ(outcome.message.find('\n'), std::string::npos);                                      \
    EXPECT_EQ(outcome.kind, faultKind);                                                            \
  } while (false)

const std::string kThread = "mov.u32 %r0, %tid.x; cvt.u64.u32 %rd4, %r0;\n";

} // namespace

TEST(Fault, NamesKernelBlockThreadLineAndInstruction) {
  Outcome outcome = run(kThread + "setp.eq.u32 %p0, %r0, 37;\n"
                                  "@%p0 ld.global.b32 %r1, [%rd0+256];",
                        64);
  EXPECT_TRUE(outcome.message.starts_with(
      "kernel 'k', block (0,0,0), thread (37,0,0): test.ptx:18: 'ld.global.b32 %r1, [%rd0+256]' "
      "reads 4 bytes at 0x"))
      << outcome.message;
  EXPECT_TRUE(outcome.message.find(", 0 bytes past the end of the 256 bytes at 0x") !=
              std::string::npos)
      << outcome.message;
}

TEST(Fault, NamesTheSourceLocation) {
  KernelRun kernel(".file 3 \"model.mlir\"\n" + kernelText(".loc 3 12 7\n trap;"));
  std::string message = kernel.launchError("k", {1, 1, 1}, {1, 1, 1}, {0, 0, 0, 0});
  EXPECT_NE(message.find("test.ptx:17 ('model.mlir':12:7): 'trap' is executed"), std::string::npos)
      << message;
  EXPECT_EQ(kernel.lastFault, FaultKind::Trap);
}

TEST(Fault, OutOfBounds) {
  auto kind = FaultKind::OutOfBounds;
  EXPECT_FAULT(run("ld.global.b32 %r1, [%rd0+-4];"), kind, "reads 4 bytes at 0x");
  EXPECT_FAULT(run("st.global.v4.b32 [%rd0+256], {0, 0, 0, 0};"), kind, "writes 16 bytes at 0x");
  EXPECT_FAULT(run("atom.global.add.u32 %r1, [%rd0+256], 1;"), kind, "changes 4 bytes at 0x");
  EXPECT_FAULT(run("ld.global.b32 %r1, [%rd1];"), kind, "at 0x0, where nothing is allocated");
  EXPECT_FAULT(run("ld.b32 %r1, [64];"), kind, "where nothing is allocated");
  EXPECT_FAULT(run("st.shared.b32 [dynamic+64], 0;"), kind,
               "accesses 4 bytes at 0x40 of shared memory, of which the block has 64 bytes");
  EXPECT_FAULT(run("mov.u64 %rd4, -4; ld.shared.b32 %r1, [%rd4];"), kind,
               "at 0xfffffffffffffffc of shared memory");
  EXPECT_FAULT(run("mov.u64 %rd4, dynamic; cvta.shared.u64 %rd4, %rd4; ld.b32 %r1, [%rd4+64];"),
               kind, "at 0x40 of shared memory");
  EXPECT_FAULT(run(".local .b8 l[8]; st.local.b32 [l+8], 0;"), kind,
               "writes 4 bytes at 0x8 of local memory, which has 8");
  EXPECT_FAULT(run("ld.param.b64 %rd4, [p3+8];"), kind, "of the parameters, which has 32");
  EXPECT_FAULT(run("cp.async.cg.shared.global [dynamic], [%rd0+248], 16;"), FaultKind::Misaligned,
               "reads 16 bytes at 0x");
  EXPECT_FAULT(run("cp.async.cg.shared.global [dynamic], [%rd0+256], 16;"), kind,
               "0 bytes past the end");
  EXPECT_FAULT(run("cp.async.cg.shared.global [dynamic+64], [%rd0], 16;"), kind,
               "at 0x40 of shared memory");
  EXPECT_FAULT(run("ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r1}, [dynamic+64];"), kind,
               "accesses 16 bytes at 0x40 of shared memory");
  EXPECT_FAULT(run("mov.u32 %r0, 5; A: brx.idx %r0, T; T: .branchtargets A;"), kind,
               "takes target 5 of 1");
}

TEST(Fault, OutsideOfAVariable) {
  auto faultOf = [](const char *declarations, const char *body) {
    KernelRun kernel(kernelText(std::string(body) + " ret;", declarations));
    std::string message = kernel.launchError("k", {1, 1, 1}, {1, 1, 1}, {0, 0, 0, 0});
    EXPECT_EQ(kernel.lastFault, FaultKind::OutOfBounds);
    return message;
  };
  std::string message = faultOf(".const .align 4 .b8 c[256];\n", "ld.const.b32 %r1, [c+256];");
  EXPECT_NE(message.find("0 bytes past the end of the 256 bytes at"), std::string::npos) << message;
  message = faultOf(".global .align 4 .b8 g[256];\n", "st.global.b32 [g+-4], 1;");
  EXPECT_NE(message.find("writes 4 bytes at 0x"), std::string::npos) << message;
}

TEST(Fault, GapsBetweenAllocations) {
  KernelRun kernel(kernelText("st.global.b32 [%rd0+64], 1; ret;"));
  uint64_t first = kernel.upload(std::vector<uint32_t>(16));
  kernel.upload(std::vector<uint32_t>(16));
  EXPECT_NE(kernel.launchError("k", {1, 1, 1}, {1, 1, 1}, {first, 0, 0, 0}), "");
  kernel.memory.release(first);
  EXPECT_NE(kernel.launchError("k", {1, 1, 1}, {1, 1, 1}, {first - 64, 0, 0, 0}), "");
}

TEST(Fault, Misaligned) {
  auto kind = FaultKind::Misaligned;
  EXPECT_FAULT(run("ld.global.b32 %r1, [%rd0+2];"), kind, "which is no multiple of 4");
  EXPECT_FAULT(run("ld.global.v4.b32 {%r1, %r2, %r3, %r4}, [%rd0+8];"), kind,
               "which is no multiple of 16");
  EXPECT_FAULT(run("st.shared.b64 [dynamic+4], %rd0;"), kind, "which is no multiple of 8");
  EXPECT_FAULT(run(".local .align 4 .b8 l[8]; ld.local.b32 %r1, [l+1];"), kind,
               "which is no multiple of 4");
  EXPECT_FAULT(run("ld.param.b32 %r1, [p0+2];"), kind, "of the parameters, which is no multiple");
  EXPECT_FAULT(run("ld.b32 %r1, [%rd0+1];"), kind, "which is no multiple of 4");
  EXPECT_FAULT(run("mov.u64 %rd4, dynamic; cvta.shared.u64 %rd4, %rd4; st.b32 [%rd4+2], 1;"), kind,
               "at 0x2 of shared memory, which is no multiple of 4");
  EXPECT_FAULT(run("atom.global.add.u32 %r1, [%rd0+2], 1;"), kind, "which is no multiple of 4");
  EXPECT_FAULT(run("cp.async.cg.shared.global [dynamic+8], [%rd0], 16;"), kind,
               "at 0x8 of shared memory, which is no multiple of 16");
  EXPECT_FAULT(run("st.shared.b16 [dynamic], 0;"
                   "ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r1}, [dynamic+8];"),
               kind, "which is no multiple of 16");
}

TEST(Fault, SharedMemoryNeverWritten) {
  auto kind = FaultKind::Uninitialized;
  EXPECT_FAULT(run("ld.shared.b32 %r1, [dynamic];"), kind,
               "reads shared memory at 0x0, which was never written");
  // Half of a word, where the kernel has accesses of halves.
  EXPECT_FAULT(run("st.shared.b16 [dynamic], 0; ld.shared.b32 %r1, [dynamic];", 1), kind,
               "reads shared memory at 0x2, which was never written");
  EXPECT_FAULT(run("atom.shared.add.u32 %r1, [dynamic], 1;"), kind, "which was never written");
  // What one block wrote, another has not.
  EXPECT_FAULT(run("mov.u32 %r0, %ctaid.x; setp.eq.u32 %p0, %r0, 0;\n"
                   "@%p0 st.shared.b32 [dynamic], 1; ld.shared.b32 %r1, [dynamic];",
                   1, 2),
               kind, "block (1,0,0)");
}

TEST(Fault, RegistersNeverWritten) {
  auto kind = FaultKind::Uninitialized;
  EXPECT_FAULT(run("add.s32 %r1, %r2, 1;"), kind,
               "'add.s32 %r1, %r2, 1' reads register '%r2', which was never written");
  EXPECT_FAULT(run("@%p3 bra A; A: ret;"), kind, "reads register '%p3'");
  EXPECT_FAULT(run(kThread + "setp.lt.u32 %p0, %r0, 7; @%p0 mov.u32 %r1, 1; add.u32 %r2, %r1, 1;"),
               kind, "thread (7,0,0)");
  // One way leaves it out, for some lanes.
  EXPECT_FAULT(run(kThread + "setp.lt.u32 %p0, %r0, 9; @%p0 bra A; mov.u32 %r1, 1;\n"
                             "A: st.global.b32 [%rd0], %r1;"),
               kind, "thread (0,0,0)");
  EXPECT_EQ(run(kThread + "setp.lt.u32 %p0, %r0, 9; @%p0 bra A; mov.u32 %r1, 1; bra B;\n"
                          "A: mov.u32 %r1, 2; B: st.global.b32 [%rd0], %r1;")
                .message,
            "");
  EXPECT_EQ(run(kThread + "setp.lt.u32 %p0, %r0, 9; @%p0 mov.u32 %r1, 1;\n"
                          "@%p0 st.global.b32 [%rd0], %r1;")
                .message,
            "");
}

TEST(Fault, Races) {
  auto kind = FaultKind::Race;
  std::string own = kThread + "shl.b64 %rd5, %rd4, 2; mov.u64 %rd6, dynamic;\n"
                              "add.u64 %rd5, %rd5, %rd6;\n"; // a word for each thread
  // A neighbour's word, with no barrier: between lanes and between warps.
  EXPECT_FAULT(run(own + "xor.b64 %rd6, %rd5, 4; st.shared.b32 [%rd5], %r0;\n"
                         "ld.shared.b32 %r1, [%rd6];",
                   16),
               kind, "reads shared memory at 0x4, which thread 1 wrote with no barrier between");
  EXPECT_EQ(run(own + "xor.b64 %rd6, %rd5, 4; st.shared.b32 [%rd5], %r0;\n"
                      "bar.sync 0; ld.shared.b32 %r1, [%rd6];",
                16)
                .message,
            "");
  EXPECT_EQ(run(own + "xor.b64 %rd6, %rd5, 4; st.shared.b32 [%rd5], %r0;\n"
                      "bar.warp.sync 0xffff; ld.shared.b32 %r1, [%rd6];",
                16)
                .message,
            "");
  std::string otherWarp = kThread + "and.b64 %rd5, %rd4, 15; shl.b64 %rd5, %rd5, 2;\n"
                                    "mov.u64 %rd6, dynamic; add.u64 %rd5, %rd5, %rd6;\n"
                                    "setp.lt.u32 %p0, %r0, 16; setp.ge.u32 %p1, %r0, 48;\n";
  EXPECT_FAULT(run(otherWarp + "@%p0 st.shared.b32 [%rd5], %r0; bar.warp.sync -1;\n"
                               "@%p1 ld.shared.b32 %r1, [%rd5];",
                   64),
               kind, "which thread 0 wrote");
  // A write after a read. After the barrier the last warp goes on first.
  EXPECT_FAULT(run(otherWarp + "@%p0 st.shared.b32 [%rd5], %r0; bar.sync 0;\n"
                               "@%p1 ld.shared.b32 %r1, [%rd5]; @%p0 st.shared.b32 [%rd5], 1;",
                   64),
               kind, "writes shared memory at 0x0, which thread 48 read with no barrier between");
  EXPECT_FAULT(run(otherWarp + "@%p0 st.shared.b32 [%rd5], %r0; bar.sync 0;\n"
                               "ld.shared.b32 %r1, [%rd5]; @%p0 st.shared.b32 [%rd5], 1;",
                   64),
               kind, "which several threads read");
  // Two writes, of one place and different values.
  EXPECT_FAULT(run(kThread + "st.shared.b32 [dynamic], %r0;", 2), kind, "wrote otherwise");
  EXPECT_EQ(run("st.shared.b32 [dynamic], 5;", 64).message, "");
  // Neighbouring halves of a word are two places.
  EXPECT_EQ(run(kThread + "shl.b64 %rd5, %rd4, 1; mov.u64 %rd6, dynamic;\n"
                          "add.u64 %rd5, %rd5, %rd6; st.shared.b16 [%rd5], %r0;",
                32)
                .message,
            "");
  // Atomic operations are in order among themselves only.
  EXPECT_EQ(run(kThread + "setp.eq.u32 %p0, %r0, 0; @%p0 st.shared.b32 [dynamic], 0; bar.sync 0;\n"
                          "atom.shared.add.u32 %r1, [dynamic], 1;",
                64)
                .message,
            "");
  EXPECT_FAULT(run(kThread +
                       "setp.eq.u32 %p0, %r0, 0; @%p0 st.shared.b32 [dynamic], 0; bar.sync 0;\n"
                       "atom.shared.add.u32 %r1, [dynamic], 1; ld.shared.b32 %r1, [dynamic];",
                   64),
               kind, "which an atomic operation wrote");
}

TEST(Fault, AsyncCopies) {
  std::string copy = kThread + "setp.eq.u32 %p0, %r0, 0; setp.eq.u32 %p1, %r0, 1;\n"
                               "@%p0 cp.async.cg.shared.global [dynamic], [%rd0], 16;\n"
                               "cp.async.commit_group;\n";
  // Read before the wait: never written yet, and being written.
  EXPECT_FAULT(run(copy + "@%p0 ld.shared.b32 %r1, [dynamic];"), FaultKind::Race,
               "where a cp.async of thread 0 has not been waited for");
  EXPECT_FAULT(run(copy + "@%p0 st.shared.b32 [dynamic], 1;"), FaultKind::Race,
               "where a cp.async of thread 0 has not been waited for");
  EXPECT_FAULT(run(copy + "cp.async.wait_group 1; @%p0 ld.shared.b32 %r1, [dynamic];"),
               FaultKind::Race, "has not been waited for");
  // Waited for, but by another thread than the reader's.
  EXPECT_FAULT(run(copy + "cp.async.wait_group 0; @%p1 ld.shared.b32 %r1, [dynamic];"),
               FaultKind::Race, "which thread 0 wrote with no barrier between");
  EXPECT_EQ(run(copy + "cp.async.wait_group 0; bar.sync 0; ld.shared.b32 %r1, [dynamic];").message,
            "");
  // The next stage arrives where others may still read.
  EXPECT_FAULT(run(copy + "cp.async.wait_group 0; bar.sync 0; ld.shared.b32 %r1, [dynamic];\n"
                          "@%p0 cp.async.cg.shared.global [dynamic], [%rd0+16], 16;"),
               FaultKind::Race, "writes shared memory at 0x0, which threads of warp 0 read");
}

TEST(Fault, Divergence) {
  auto kind = FaultKind::Divergence;
  std::string half = kThread + "setp.lt.u32 %p0, %r0, 16;\n";
  EXPECT_FAULT(run(half + "@%p0 bra A; bar.sync 0; A: ret;"), kind,
               "waits forever at barrier 0, to which 16 of 32 threads have come: 16 of 32 threads "
               "have ended");
  EXPECT_FAULT(run(half + "@%p0 bra A; bar.sync 0; bra B; A: bar.sync 1; B: ret;"), kind,
               "16 wait at other instructions");
  EXPECT_FAULT(run(half + "@%p0 bra A; bar.sync 0; bra B; A: bar.sync 0; B: ret;"), kind,
               "of the warp wait for the barrier elsewhere");
  EXPECT_FAULT(run("bar.sync 0, 128;", 64), kind, "to which 64 of 128 threads have come");
  EXPECT_FAULT(run("bar.sync 0, 40;", 64), kind, "which is no multiple of 32");
  EXPECT_FAULT(run("bar.sync 16;"), FaultKind::OutOfBounds, "uses barrier 16 of 16");
  EXPECT_FAULT(run(half + "@%p0 ret; shfl.sync.bfly.b32 %r1, %r0, 1, 31, -1;"), kind,
               "names lanes 0xffffffff, of which 0xffff have ended or do not exist");
  EXPECT_FAULT(run(half + "@%p0 bra A; shfl.sync.bfly.b32 %r1, %r0, 1, 31, -1; A: bar.sync 0;"),
               kind, "waits forever");
  EXPECT_FAULT(run(half + "shfl.sync.bfly.b32 %r1, %r0, 1, 31, 0xffff;"), kind,
               "names lanes 0xffff, without the one that executes it");
  EXPECT_FAULT(run(half + "@%p0 shfl.sync.bfly.b32 %r1, %r0, 16, 31, 0xffff;"), kind,
               "reads lane 16, which does not take part");
  EXPECT_FAULT(run("shfl.sync.bfly.b32 %r1, 1, 1, 31, -1;", 20), kind,
               "of which 0xfff00000 have ended or do not exist");
  EXPECT_FAULT(run(half + "@%p0 bra A; ret; A: mma.sync.aligned.m16n8k8.row.col.f32.bf16.bf16.f32"
                          " {%r1, %r2, %r3, %r4}, {%r0, %r0}, {%r0}, {%r0, %r0, %r0, %r0};"),
               kind, "have ended or do not exist");
}

TEST(Fault, EndlessLoop) {
  EXPECT_FAULT(run("A: bra A;"), FaultKind::Timeout, "is the loop endless?");
}

TEST(Fault, OtherBlocksStop) {
  KernelRun kernel(kernelText("mov.u32 %r0, %ctaid.x; setp.eq.u32 %p0, %r0, 3; @%p0 trap; ret;"),
                   4);
  std::string message = kernel.launchError("k", {100000, 1, 1}, {32, 1, 1}, {0, 0, 0, 0});
  EXPECT_NE(message.find("block (3,0,0)"), std::string::npos) << message;
  kernel.launch("k", {3, 1, 1}, {32, 1, 1}, {0, 0, 0, 0}); // the next is none the worse for it
}

/// A kernel that may begin before those before it have ended: until it waits for them, it may read
/// what no kernel has written.
TEST(Fault, OverlapWithoutWaiting) {
  const std::string store = "st.global.b32 [%rd0], %r0;\n", wait = "griddepcontrol.wait;\n";
  const std::string load = "ld.global.b32 %r1, [%rd0];\n", half = "setp.lt.u32 %p0, %r0, 16;\n";
  /// The fault of `body` in a kernel that overlaps, at memory that a kernel has written or not.
  auto runOverlapping = [&](const std::string &body, bool isWritten) -> Outcome {
    KernelRun kernel(kernelText("setp.eq.u64 %p1, %rd1, 0;\n@%p1 bra A;\nst.global.b32 [%rd0], 7;\n"
                                "ret;\nA: " +
                                kThread + body + " ret;"));
    uint64_t buffer = kernel.upload(std::vector<uint32_t>(64));
    if (isWritten)
      kernel.launch("k", {1, 1, 1}, {1, 1, 1}, {buffer, 1, 0, 0});
    kernel.overlaps = true;
    std::string message = kernel.launchError("k", {1, 1, 1}, {32, 1, 1}, {buffer, 0, 0, 0});
    return {kernel.lastFault, message};
  };
  EXPECT_EQ(runOverlapping(wait + load + store, true).message, "");
  EXPECT_EQ(runOverlapping(load + wait + store, false).message, "");
  const std::string prefetch = "cp.async.bulk.prefetch.L2.global [%rd0], 64;\n";
  EXPECT_EQ(runOverlapping(prefetch + wait, false).message, "");
  EXPECT_FAULT(runOverlapping(prefetch + wait, true), FaultKind::Race, "reads memory at 0x");
  EXPECT_FAULT(runOverlapping(load + wait, true), FaultKind::Race,
               "before griddepcontrol.wait: kernels before this one may be running still");
  EXPECT_FAULT(runOverlapping(store + wait, false), FaultKind::Race,
               "'st.global.b32 [%rd0], %r0' writes memory at 0x");
  EXPECT_FAULT(runOverlapping("red.global.add.u32 [%rd0], 1;\n" + wait, false), FaultKind::Race,
               "changes memory at 0x");
  EXPECT_FAULT(runOverlapping("", false), FaultKind::Race,
               "ends a thread that has not executed griddepcontrol.wait");
  EXPECT_FAULT(runOverlapping(half + "@%p0 " + wait + store, false), FaultKind::Race,
               "thread (16,0,0)");
}
