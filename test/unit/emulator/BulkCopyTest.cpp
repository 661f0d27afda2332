//===- BulkCopyTest.cpp - cp.async.bulk and tensor maps -------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/TensorMap.h"
#include "test/unit/emulator/KernelRun.h"

#include <gtest/gtest.h>

using namespace qopt;
using namespace qopt::emulator;

namespace {

constexpr uint32_t kOld = 0xeeeeeeee;
constexpr unsigned kWords = 512; ///< of shared memory, from `dynamic` on; the object lies behind

/// One thread. All words are old; the object at dynamic + 2048 expects one arrival.
const std::string kPrologue = R"(
  mov.b32 %r9, 0xeeeeeeee; mov.u64 %rd4, dynamic; mov.u32 %r0, 0;
  FILL: st.shared.v4.b32 [%rd4], {%r9, %r9, %r9, %r9}; add.u64 %rd4, %rd4, 16;
  add.u32 %r0, %r0, 1; setp.ne.u32 %p0, %r0, 128; @%p0 bra FILL;
  mbarrier.init.shared.b64 [dynamic+2048], 1; fence.proxy.async.shared::cta;
)";
const std::string kWait = "WAIT: mbarrier.try_wait.parity.shared.b64 %p1, [dynamic+2048], 0;\n"
                          "@!%p1 bra WAIT;\n";
/// Shared memory goes to %rd0.
const std::string kCopyOut = R"(
  mov.u64 %rd4, dynamic; mov.u32 %r0, 0;
  OUT: ld.shared.v4.b32 {%r1, %r2, %r3, %r4}, [%rd4]; st.global.v4.b32 [%rd0], {%r1, %r2, %r3, %r4};
  add.u64 %rd4, %rd4, 16; add.u64 %rd0, %rd0, 16; add.u32 %r0, %r0, 1;
  setp.ne.u32 %p0, %r0, 128; @%p0 bra OUT;
)";

struct Copied {
  std::string error;
  FaultKind kind;
  std::vector<uint32_t> shared, tensor;
};

/// Words 0, 1, 2, ... are at %rd1; the tensor map is at %rd2.
Copied run(const std::string &body, TensorMap map = {}, size_t tensorWords = 256) {
  KernelRun kernel(kernelText(body + " ret;", ".extern .shared .align 1024 .b8 dynamic[];\n"));
  std::vector<uint32_t> words(tensorWords);
  for (uint32_t i = 0; i < words.size(); ++i)
    words[i] = i;
  uint64_t out = kernel.upload(std::vector<uint32_t>(kWords)), tensor = kernel.upload(words);
  map.address += tensor;
  auto encoded = map.encode();
  uint64_t mapAddress = kernel.upload(std::vector<std::byte>(encoded.begin(), encoded.end()));
  Copied result;
  result.error =
      kernel.launchError("k", {1, 1, 1}, {1, 1, 1}, {out, tensor, mapAddress, 0}, 2048 + 16);
  result.kind = kernel.lastFault;
  result.shared = kernel.download<uint32_t>(out, kWords);
  result.tensor = kernel.download<uint32_t>(tensor, tensorWords);
  return result;
}

/// 16 x 16 words, row after row, in boxes of 4 rows and 8 columns.
TensorMap square(unsigned swizzleBits = 0) {
  TensorMap map;
  map.elementBytes = 4;
  map.rank = 2;
  map.swizzleBits = uint8_t(swizzleBits);
  map.sizes = {16, 16};
  map.strides = {4, 64};
  map.box = {8, 4};
  return map;
}

std::string loadBox(int column, int row, unsigned bytes = 128) {
  return fmt::format("mbarrier.arrive.expect_tx.shared.b64 _, [dynamic+2048], {};\n"
                     "mov.u32 %r7, {}; mov.u32 %r8, {};\n"
                     "cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::"
                     "bytes [dynamic], [%rd2, {{%r7, %r8}}], [dynamic+2048];\n",
                     bytes, column, row);
}

#define EXPECT_FAULT(result, faultKind, text)                                                      \
  do {                                                                                             \
    Copied outcome = result;                                                                       \
    EXPECT_NE(outcome.error.find(text), std::string::npos) << outcome.error;                       \
    EXPECT_EQ(outcome.kind, faultKind);                                                            \
  } while (false)

const std::string kLinear = "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes "
                            "[dynamic+32], [%rd1+16], 64, [dynamic+2048];\n";
const std::string kExpect = "mbarrier.arrive.expect_tx.shared.b64 _, [dynamic+2048], 64;\n";

} // namespace

TEST(BulkCopy, Linear) {
  Copied found = run(kPrologue + kExpect + kLinear + kWait + kCopyOut);
  ASSERT_EQ(found.error, "");
  for (uint32_t i = 0; i < kWords; ++i)
    EXPECT_EQ(found.shared[i], i >= 8 && i < 24 ? i - 4 : kOld) << i;
}

TEST(BulkCopy, Box) {
  Copied found = run(kPrologue + loadBox(4, 3) + kWait + kCopyOut, square());
  ASSERT_EQ(found.error, "");
  for (uint32_t i = 0; i < kWords; ++i)
    EXPECT_EQ(found.shared[i], i < 32 ? (3 + i / 8) * 16 + 4 + i % 8 : kOld) << i;
}

TEST(BulkCopy, OutsideOfTheTensorAreZeros) {
  Copied found = run(kPrologue + loadBox(11, 14) + kWait + kCopyOut, square());
  ASSERT_EQ(found.error, "");
  for (uint32_t i = 0; i < 32; ++i)
    EXPECT_EQ(found.shared[i], i / 8 < 2 && i % 8 < 5 ? (14 + i / 8) * 16 + 11 + i % 8 : 0) << i;
  found = run(kPrologue + loadBox(-3, -1) + kWait + kCopyOut, square());
  ASSERT_EQ(found.error, "");
  for (uint32_t i = 0; i < 32; ++i)
    EXPECT_EQ(found.shared[i], i / 8 >= 1 && i % 8 >= 3 ? (i / 8 - 1) * 16 + i % 8 - 3 : 0) << i;
}

TEST(BulkCopy, Swizzles) {
  // Rows of 32 words, 128 bytes: 16-byte chunk c of row r goes to c ^ (r % 8).
  TensorMap map;
  map.elementBytes = 4;
  map.rank = 2;
  map.swizzleBits = 3;
  map.sizes = {32, 8};
  map.strides = {4, 128};
  map.box = {32, 8};
  Copied found = run(kPrologue + loadBox(0, 0, 1024) + kWait + kCopyOut, map);
  ASSERT_EQ(found.error, "");
  for (uint32_t r = 0; r < 8; ++r)
    for (uint32_t w = 0; w < 32; ++w)
      EXPECT_EQ(found.shared[32 * r + 4 * (w / 4 ^ r) + w % 4], 32 * r + w);
  // Rows of 64 bytes: chunk c of row r goes to c ^ (r / 2 % 4). Of 32: to c ^ (r / 4 % 2).
  for (unsigned bits : {2u, 1u}) {
    uint32_t row = 4u << bits, inRow = 8 >> bits;
    map.swizzleBits = uint8_t(bits);
    map.sizes = {row, 16};
    map.strides = {4, 4 * row};
    map.box = {uint16_t(row), 16};
    found = run(kPrologue + loadBox(0, 0, 64 * row) + kWait + kCopyOut, map);
    ASSERT_EQ(found.error, "");
    for (uint32_t r = 0; r < 16; ++r)
      for (uint32_t w = 0; w < row; ++w)
        EXPECT_EQ(found.shared[row * r + 4 * (w / 4 ^ r / inRow % (1u << bits)) + w % 4],
                  row * r + w);
  }
}

TEST(BulkCopy, StoresBoxes) {
  std::string store = "st.shared.b32 [dynamic], 1000; st.shared.b32 [dynamic+60], 2000;\n"
                      "mov.u32 %r7, 12; mov.u32 %r8, 2;\n"
                      "cp.async.bulk.tensor.2d.global.shared::cta.tile.bulk_group "
                      "[%rd2, {%r7, %r8}], [dynamic];\n"
                      "cp.async.bulk.commit_group;\n";
  Copied found = run(kPrologue + store + "cp.async.bulk.wait_group.read 0;", square());
  ASSERT_EQ(found.error, "");
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t row = i / 16 - 2, column = i % 16 - 12; // in the box, of which half is outside
    bool isStored = row < 4 && column < 4;
    uint32_t expected = row == 0 && column == 0 ? 1000 : isStored ? kOld : i;
    EXPECT_EQ(found.tensor[i], expected) << i;
  }
  // Shared memory is read at the wait: what is there by then is stored.
  found = run(kPrologue + store + "st.shared.b32 [dynamic], 3000; cp.async.bulk.wait_group 0;",
              square());
  EXPECT_EQ(found.tensor[2 * 16 + 12], 3000u);
  EXPECT_FAULT(run(kPrologue + store, square()), FaultKind::Race,
               "ends before its bulk copies have read shared memory");
  EXPECT_FAULT(run(kPrologue + store + "cp.async.bulk.wait_group 1;", square()), FaultKind::Race,
               "ends before its bulk copies have read shared memory");
}

TEST(BulkCopy, StoresLinear) {
  Copied found =
      run(kPrologue + "cp.async.bulk.global.shared::cta.bulk_group [%rd1+32], [dynamic], 32;"
                      "cp.async.bulk.commit_group; cp.async.bulk.wait_group 0;");
  ASSERT_EQ(found.error, "");
  for (uint32_t i = 0; i < 256; ++i)
    EXPECT_EQ(found.tensor[i], i >= 8 && i < 16 ? kOld : i);
}

/// Nothing changes, and what could not be read cannot be prefetched.
TEST(BulkCopy, Prefetches) {
  auto prefetch = [](unsigned from, unsigned bytes) {
    return fmt::format("{}mov.b32 %r7, {}; cp.async.bulk.prefetch.L2.global [%rd1+{}], %r7;\n",
                       kPrologue, bytes, from);
  };
  Copied found = run(prefetch(16, 1008) + kCopyOut);
  ASSERT_EQ(found.error, "");
  EXPECT_EQ(found.shared, std::vector<uint32_t>(kWords, kOld));
  EXPECT_FAULT(run(prefetch(32, 1008)), FaultKind::OutOfBounds, "prefetches 1008 bytes at 0x");
  EXPECT_FAULT(run(prefetch(8, 16)), FaultKind::Misaligned, "prefetches 16 bytes at 0x");
  EXPECT_FAULT(run(prefetch(16, 24)), FaultKind::Misaligned, "no multiples of 16");
}

TEST(BulkCopy, Faults) {
  std::string copy = kPrologue + kExpect + kLinear;
  EXPECT_FAULT(run(copy), FaultKind::Race, "is under way when the block ends");
  EXPECT_FAULT(run(copy + "ld.shared.b32 %r1, [dynamic+32];"), FaultKind::Race,
               "has not been waited for");
  EXPECT_FAULT(run(copy + "st.shared.b32 [dynamic+92], 1;"), FaultKind::Race,
               "has not been waited for");
  EXPECT_FAULT(run(kPrologue + kLinear +
                   "mbarrier.arrive.expect_tx.shared.b64 _, [dynamic+2048], "
                   "80;" +
                   kWait),
               FaultKind::Divergence, "lacks 0 of 1 arrivals and 16 bytes");
  auto linear = [](const char *to, const char *from, unsigned bytes) {
    return fmt::format("{}cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes "
                       "[{}], [{}], {}, [dynamic+2048];",
                       kPrologue, to, from, bytes);
  };
  EXPECT_FAULT(run(linear("dynamic", "%rd1+8", 16)), FaultKind::Misaligned, "no multiples of 16");
  EXPECT_FAULT(run(linear("dynamic", "%rd1", 24)), FaultKind::Misaligned, "copies 24 bytes at");
  EXPECT_FAULT(run(linear("dynamic+8", "%rd1", 16)), FaultKind::Misaligned,
               "at 0x8 of shared memory, which is no multiple of 16");
  EXPECT_FAULT(run(linear("dynamic", "%rd1+1008", 32)), FaultKind::OutOfBounds,
               "0 bytes past the end of the 1024 bytes");
  EXPECT_FAULT(run(linear("dynamic+2048", "%rd1", 32)), FaultKind::OutOfBounds,
               "of which the block has 2064 bytes");
  EXPECT_FAULT(run(kPrologue + "mov.u64 %rd2, %rd1;" + loadBox(0, 0), square()),
               FaultKind::Uninitialized, "that cuTensorMapEncodeTiled did not make");
  EXPECT_FAULT(run(kPrologue + "mov.u64 %rd2, 64;" + loadBox(0, 0), square()),
               FaultKind::OutOfBounds, "takes a tensor map at 0x40, where none can be");
  TensorMap line = square();
  line.rank = 1;
  EXPECT_FAULT(run(kPrologue + loadBox(0, 0), line), FaultKind::OutOfBounds,
               "has 2 coordinates for a tensor of 1 dimensions");
  // The tensor is larger than the allocation.
  TensorMap tall = square();
  tall.sizes[1] = 64;
  EXPECT_FAULT(run(kPrologue + loadBox(0, 15), tall), FaultKind::OutOfBounds, "past the end");
}

TEST(TensorMap, Encodes) {
  TensorMap map;
  map.address = 0x0123456789abcd00;
  map.elementBytes = 2;
  map.rank = 5;
  map.swizzleBits = 2;
  map.sizes = {uint64_t(1) << 32, 2, 3, 4, 5};
  map.strides = {2, 16, uint64_t(1) << 35, 48, 64};
  map.box = {256, 1, 2, 3, 4};
  auto bytes = map.encode();
  std::optional<TensorMap> found = TensorMap::decode(bytes.data());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->address, map.address);
  EXPECT_EQ(found->sizes, map.sizes);
  EXPECT_EQ(found->strides, map.strides);
  EXPECT_EQ(found->box, map.box);
  EXPECT_EQ(found->boxBytes(), 2u * 256 * 24);
  bytes[0] ^= std::byte(1);
  EXPECT_FALSE(TensorMap::decode(bytes.data()));
}
