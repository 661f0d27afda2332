//===- AsyncCopyTest.cpp - when the data of cp.async arrives --------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/AsyncCopies.h"
#include "test/unit/emulator/KernelRun.h"

#include <gtest/gtest.h>

using namespace qopt;
using namespace qopt::emulator;

namespace {

/// One thread with 64 bytes of shared memory, all 0xee, and words 0, 1, 2, ... in global memory at
/// [%rd1]; returns the words of the buffer at [%rd0].
std::vector<uint32_t> run(const std::string &body) {
  KernelRun kernel(kernelText("mov.b32 %r9, 0xeeeeeeee;\n"
                              "st.shared.v4.b32 [dynamic], {%r9, %r9, %r9, %r9};\n"
                              "st.shared.v4.b32 [dynamic+16], {%r9, %r9, %r9, %r9};\n" +
                                  body + "\n ret;",
                              ".extern .shared .align 16 .b8 dynamic[];\n"));
  std::vector<uint32_t> words = {0, 1, 2, 3, 4, 5, 6, 7};
  uint64_t to = kernel.upload(std::vector<uint32_t>(8)), from = kernel.upload(words);
  kernel.launch("k", {1, 1, 1}, {1, 1, 1}, {to, from, 0, 0}, 64);
  return kernel.download<uint32_t>(to, 8);
}

const std::string kCopyOut = "ld.shared.v4.b32 {%r0, %r1, %r2, %r3}, [dynamic];\n"
                             "st.global.v4.b32 [%rd0], {%r0, %r1, %r2, %r3};\n"
                             "ld.shared.v4.b32 {%r0, %r1, %r2, %r3}, [dynamic+16];\n"
                             "st.global.v4.b32 [%rd0+16], {%r0, %r1, %r2, %r3};\n";
constexpr uint32_t kOld = 0xeeeeeeee;

} // namespace

TEST(AsyncCopy, ArrivesWithItsGroup) {
  std::string copies = "cp.async.cg.shared.global [dynamic], [%rd1], 16; cp.async.commit_group;\n"
                       "cp.async.ca.shared.global [dynamic+16], [%rd1+16], 4;\n"
                       "cp.async.ca.shared.global [dynamic+24], [%rd1+24], 8;\n"
                       "cp.async.commit_group;\n";
  EXPECT_EQ(run(copies + "cp.async.wait_group 0;" + kCopyOut),
            (std::vector<uint32_t>{0, 1, 2, 3, 4, kOld, 6, 7}));
  // Waiting for all but one group: the second is still under way, and its place is not to be read.
  EXPECT_EQ(run(copies + "cp.async.wait_group 1; ld.shared.v4.b32 {%r0, %r1, %r2, %r3}, [dynamic];"
                         "st.global.v4.b32 [%rd0], {%r0, %r1, %r2, %r3};"),
            (std::vector<uint32_t>{0, 1, 2, 3, 0, 0, 0, 0}));
}

TEST(AsyncCopy, WaitAllTakesWhatIsNotCommitted) {
  EXPECT_EQ(
      run("cp.async.cg.shared.global [dynamic], [%rd1+16], 16; cp.async.wait_all;" + kCopyOut),
      (std::vector<uint32_t>{4, 5, 6, 7, kOld, kOld, kOld, kOld}));
}

TEST(AsyncCopy, FillsWithZeros) {
  EXPECT_EQ(run("mov.u32 %r4, 6; cp.async.cg.shared.global [dynamic], [%rd1+16], 16, %r4;\n"
                "cp.async.cg.shared.global [dynamic+16], [%rd2], 16, 0;\n" // reads nothing
                "cp.async.wait_all;" +
                kCopyOut),
            (std::vector<uint32_t>{4, 5, 0, 0, 0, 0, 0, 0}));
}

/// The bytes are the old ones until the wait, whatever the checks say.
TEST(AsyncCopy, OldBytesUntilTheWait) {
  SharedMemory shared;
  shared.configure(16, 4, 1);
  shared.beginBlock();
  std::vector<std::byte> source(16, std::byte(7)), old(16, std::byte(1));
  shared.write(0, 0, 3, old.data(), 16);
  AsyncCopies copies;
  AsyncCopies::Copy copy;
  copy.lanes = 1 << 3;
  copy.size = 16;
  copy.offsets[3] = 0;
  copy.sources[3] = source.data();
  copy.sourceBytes[3] = 16;
  shared.beginCopy(0, 0, 3, 16);
  copies.add(copy);
  EXPECT_EQ(*shared.at(0), std::byte(1));
  copies.wait(1 << 3, 0, shared, 0); // not committed yet
  EXPECT_EQ(*shared.at(0), std::byte(1));
  copies.commit(1 << 3);
  copies.wait(1 << 3, 1, shared, 0); // one may be under way
  copies.wait(1 << 4, 0, shared, 0); // another thread
  EXPECT_EQ(*shared.at(0), std::byte(1));
  copies.wait(1 << 3, 0, shared, 0);
  EXPECT_EQ(*shared.at(0), std::byte(7));
}

TEST(AsyncCopy, CountsAsLoadAndStore) {
  KernelRun kernel(kernelText("mov.u32 %r0, %tid.x; mul.wide.u32 %rd4, %r0, 16;\n"
                              "mov.u64 %rd5, dynamic; add.u64 %rd5, %rd5, %rd4;\n"
                              "add.u64 %rd1, %rd1, %rd4;\n"
                              "cp.async.cg.shared.global [%rd5], [%rd1], 16; ret;",
                              ".extern .shared .align 16 .b8 dynamic[];\n"));
  uint64_t from = kernel.upload(std::vector<uint32_t>(128));
  Statistics counted = kernel.launch("k", {1, 1, 1}, {32, 1, 1}, {0, from, 0, 0}, 512);
  EXPECT_EQ(counted.globalBytesLoaded, 512u);
  EXPECT_EQ(counted.globalBytes128, 512u);
  EXPECT_EQ(counted.globalSectors, 16u);
  EXPECT_EQ(counted.sharedWavefronts, 4u);
  EXPECT_EQ(counted.bankConflicts, 0u);
}
