//===- WarpgroupProductTest.cpp - wgmma -----------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Where elements lie in shared memory is written down here as the PTX manual draws it ("Shared
// Memory Matrix Layout"), and sums are computed in integers.

#include "runtime/formats/FloatConvert.h"
#include "test/unit/emulator/KernelRun.h"

#include <cmath>
#include <functional>
#include <gtest/gtest.h>

using namespace qopt;
using namespace qopt::emulator;

namespace {

/// How one operand lies in shared memory.
struct Layout {
  const char *name;
  uint64_t swizzle; ///< of the descriptor
  uint32_t leading, stride;
  bool isTransposed;
  /// Byte of element (row, k), of 16 bits, in units of `elementBytes` along the contiguous way.
  std::function<uint32_t(uint32_t row, uint32_t k)> offset;
};

/// Along k, 16-bit elements. Core matrices of 8 rows by 16 bytes, one after the other.
const Layout kPlain = {"plain", 0, 128, 256, false, [](uint32_t row, uint32_t k) {
                         return row / 8 * 256 + k / 8 * 128 + row % 8 * 16 + k % 8 * 2;
                       }};
/// Rows of 32, 64 and 128 bytes, of which the first 32 are used; chunks of 16 bytes change places.
const Layout kSwizzle32 = {"32",
                           3,
                           16,
                           256,
                           false,
                           [](uint32_t row, uint32_t k) {
                             return row * 32 + (k / 8 ^ row / 4 % 2) * 16 + k % 8 * 2; }};
const Layout kSwizzle64 = {"64",
                           2,
                           16,
                           512,
                           false,
                           [](uint32_t row, uint32_t k) {
                             return row * 64 + (k / 8 ^ row / 2 % 4) * 16 + k % 8 * 2; }};
const Layout kSwizzle128 = {
    "128", 1,
    16,    1024,
    false, [](uint32_t row, uint32_t k) {
                              return row * 128 + (k / 8 ^ row % 8) * 16 + k % 8 * 2; }};
/// Along the rows: 16 bytes are 8 rows at one k.
const Layout kPlainRows = {"plain, transposed", 0, 2048, 128, true, [](uint32_t row, uint32_t k) {
                             return k / 8 * 2048 + row / 8 * 128 + k % 8 * 16 + row % 8 * 2;
                           }};
/// 128 bytes are 64 rows at one k; 16 of these, then the next 64 rows.
const Layout kSwizzle128Rows = {
    "128, transposed", 1, 2048, 1024, true, [](uint32_t row, uint32_t k) {
      return row / 64 * 2048 + k * 128 + (row % 64 / 8 ^ k % 8) * 16 + row % 8 * 2;
    }};

constexpr uint32_t kBytesA = 8192, kBytesB = 16384; ///< of shared memory; A comes first

uint64_t descriptor(const Layout &layout, uint32_t start) {
  return start / 16 | uint64_t(layout.leading / 16) << 16 | uint64_t(layout.stride / 16) << 32 |
         layout.swizzle << 62;
}

int a(uint32_t row, uint32_t k) { return int(row * 7 + k * 3) % 11 - 5; }
int b(uint32_t column, uint32_t k) { return int(column * 5 + k * 2) % 13 - 6; }

/// Kernels get the result at %rd0, the image of shared memory at %rd1 and descriptors in %rd2 and
/// %rd3; %r0 is the thread. `results` registers %d go out after `body`.
std::string kernelAround(const std::string &body, unsigned results) {
  std::string text = R"(
    .reg .b32 %d<128>;
    mov.u32 %r0, %tid.x; mul.wide.u32 %rd4, %r0, 16; mov.u64 %rd5, dynamic;
    add.u64 %rd5, %rd5, %rd4; add.u64 %rd6, %rd1, %rd4; mov.u32 %r1, 0;
    FILL: ld.global.v4.b32 {%r2, %r3, %r4, %r5}, [%rd6];
    st.shared.v4.b32 [%rd5], {%r2, %r3, %r4, %r5};
    add.u64 %rd5, %rd5, 2048; add.u64 %rd6, %rd6, 2048; add.u32 %r1, %r1, 1;
    setp.ne.u32 %p0, %r1, 12; @%p0 bra FILL;
    fence.proxy.async.shared::cta; bar.sync 0;
)" + body + fmt::format("mul.wide.u32 %rd4, %r0, {}; add.u64 %rd0, %rd0, %rd4;\n", 4 * results);
  for (unsigned i = 0; i < results; ++i)
    text += fmt::format("st.global.b32 [%rd0+{}], %d{};\n", 4 * i, i);
  return kernelText(text + "ret;", ".extern .shared .align 1024 .b8 dynamic[];\n");
}

std::string registerList(const char *prefix, unsigned count) {
  std::string list = "{";
  for (unsigned i = 0; i < count; ++i)
    list += fmt::format("{}%{}{}", i == 0 ? "" : ", ", prefix, i);
  return list + "}";
}

std::vector<uint32_t> run(const std::string &ptx, const std::vector<std::byte> &image,
                          uint64_t descriptorA, uint64_t descriptorB, unsigned results) {
  KernelRun kernel(ptx);
  uint64_t out = kernel.upload(std::vector<uint32_t>(128 * results));
  kernel.launch("k", {1, 1, 1}, {128, 1, 1}, {out, kernel.upload(image), descriptorA, descriptorB},
                kBytesA + kBytesB);
  return kernel.download<uint32_t>(out, 128 * results);
}

template <typename T, typename Encode>
std::vector<std::byte> makeImage(const Layout &layoutA, const Layout &layoutB, uint32_t columns,
                                 uint32_t depth, Encode encode) {
  std::vector<std::byte> image(kBytesA + kBytesB);
  auto put = [&](uint32_t offset, int value) {
    T bits = encode(value);
    memcpy(image.data() + offset, &bits, sizeof(T));
  };
  for (uint32_t k = 0; k < depth; ++k) {
    for (uint32_t row = 0; row < 64; ++row)
      put(layoutA.offset(row, k), a(row, k));
    for (uint32_t column = 0; column < columns; ++column)
      put(kBytesA + layoutB.offset(column, k), b(column, k));
  }
  return image;
}

/// The manual's figure for D: register i of a thread.
struct Place {
  uint32_t row, column;
};
Place place(uint32_t thread, uint32_t i) {
  return {thread / 32 * 16 + thread % 32 / 4 + i / 2 % 2 * 8, i / 4 * 8 + thread % 4 * 2 + i % 2};
}

int product(Place at, uint32_t depth) {
  int sum = 0;
  for (uint32_t k = 0; k < depth; ++k)
    sum += a(at.row, k) * b(at.column, k);
  return sum;
}

uint16_t toBf16(int value) { return f32ToBf16(float(value)); }

std::string bf16Product(unsigned columns, int transposedA = 0, int transposedB = 0,
                        const char *adds = "0", int signA = 1) {
  return fmt::format("wgmma.mma_async.sync.aligned.m64n{}k16.f32.bf16.bf16 {}, %rd2, %rd3, {}, {}, "
                     "1, {}, {};\n",
                     columns, registerList("d", columns / 2), adds, signA, transposedA,
                     transposedB);
}
const std::string kFence = "wgmma.fence.sync.aligned;\n";
const std::string kFinish = "wgmma.commit_group.sync.aligned; wgmma.wait_group.sync.aligned 0;\n";

} // namespace

TEST(WarpgroupProduct, LayoutsInSharedMemory) {
  const Layout *const layouts[] = {&kPlain,      &kSwizzle32, &kSwizzle64,
                                   &kSwizzle128, &kPlainRows, &kSwizzle128Rows};
  for (const Layout *layoutA : layouts) {
    for (const Layout *layoutB : layouts) {
      constexpr unsigned columns = 128;
      std::vector<uint32_t> found = run(
          kernelAround(kFence + bf16Product(columns, layoutA->isTransposed, layoutB->isTransposed) +
                           kFinish,
                       columns / 2),
          makeImage<uint16_t>(*layoutA, *layoutB, columns, 16, toBf16), descriptor(*layoutA, 0),
          descriptor(*layoutB, kBytesA), columns / 2);
      for (uint32_t i = 0; i < found.size(); ++i) {
        Place at = place(i / (columns / 2), i % (columns / 2));
        ASSERT_EQ(std::bit_cast<float>(found[i]), float(product(at, 16)))
            << layoutA->name << ", " << layoutB->name << " at " << at.row << ", " << at.column;
      }
    }
  }
}

TEST(WarpgroupProduct, AddsAndNegates) {
  auto image = makeImage<uint16_t>(kSwizzle128, kSwizzle128, 8, 16, toBf16);
  uint64_t descriptorA = descriptor(kSwizzle128, 0), descriptorB = descriptor(kSwizzle128, kBytesA);
  // 100 + AB + AB - AB, in one group and two.
  std::string set = "mov.b32 %d0, 0f42C80000; mov.b32 %d1, %d0; mov.b32 %d2, %d0; mov.b32 %d3, %d0;"
                    "setp.eq.u32 %p1, 0, 0;\n";
  std::string once = bf16Product(8, 0, 0, "%p1"), minus = bf16Product(8, 0, 0, "%p1", -1);
  for (const std::string &body :
       {set + kFence + once + once + minus + kFinish,
        set + kFence + once + "wgmma.commit_group.sync.aligned;\n" + once + minus + kFinish}) {
    std::vector<uint32_t> found = run(kernelAround(body, 4), image, descriptorA, descriptorB, 4);
    for (uint32_t i = 0; i < found.size(); ++i)
      ASSERT_EQ(std::bit_cast<float>(found[i]), float(100 + product(place(i / 4, i % 4), 16)));
  }
  // Not to add is to forget what was there.
  std::vector<uint32_t> found =
      run(kernelAround(set + kFence + bf16Product(8, 0, 0, "!%p1") + kFinish, 4), image,
          descriptorA, descriptorB, 4);
  EXPECT_EQ(std::bit_cast<float>(found[0]), float(product(place(0, 0), 16)));
}

TEST(WarpgroupProduct, ResultsComeWithTheWait) {
  auto image = makeImage<uint16_t>(kSwizzle128, kSwizzle128, 8, 16, toBf16);
  uint64_t descriptorA = descriptor(kSwizzle128, 0), descriptorB = descriptor(kSwizzle128, kBytesA);
  auto first = [&](const std::string &wait) {
    return std::bit_cast<float>(run(kernelAround(kFence + bf16Product(8) + wait, 4), image,
                                    descriptorA, descriptorB, 4)[0]);
  };
  std::string commit = "wgmma.commit_group.sync.aligned;\n";
  EXPECT_TRUE(std::isnan(first("")));
  EXPECT_TRUE(std::isnan(first("wgmma.wait_group.sync.aligned 0;\n"))) << "not committed";
  EXPECT_TRUE(std::isnan(first(commit + "wgmma.wait_group.sync.aligned 1;\n")));
  EXPECT_EQ(first(commit + commit + "wgmma.wait_group.sync.aligned 1;\n"),
            float(product(place(0, 0), 16)));
}

TEST(WarpgroupProduct, AInRegisters) {
  // Registers of A as in the manual's figure: row t / 4 (+ 8 in odd ones), two elements from column
  // 2 (t % 4) (+ 8 in the later two) on. Each thread computes a(row, k) in floats.
  std::string body = "shr.u32 %r6, %r0, 5; shl.b32 %r6, %r6, 4; and.b32 %r7, %r0, 31;\n"
                     "shr.u32 %r8, %r7, 2; add.u32 %r6, %r6, %r8; and.b32 %r7, %r7, 3;\n"
                     "shl.b32 %r7, %r7, 1;\n";
  for (int r = 0; r < 4; ++r) {
    for (int i = 0; i < 2; ++i)
      body += fmt::format("add.u32 %r9, %r6, {}; add.u32 %r10, %r7, {};\n"
                          "mul.lo.u32 %r9, %r9, 7; mad.lo.u32 %r9, %r10, 3, %r9;\n"
                          "rem.u32 %r9, %r9, 11; sub.s32 %r9, %r9, 5; cvt.rn.f32.s32 %r{}, %r9;\n",
                          8 * (r % 2), 8 * (r / 2) + i, 11 + i);
    body += fmt::format("cvt.rn.bf16x2.f32 %r{}, %r12, %r11;\n", 20 + r);
  }
  body += kFence +
          "wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {%d0, %d1, %d2, %d3}, "
          "{%r20, %r21, %r22, %r23}, %rd3, 0, 1, 1, 0;\n" +
          kFinish;
  std::vector<uint32_t> found =
      run(kernelAround(body, 4), makeImage<uint16_t>(kPlain, kSwizzle64, 8, 16, toBf16), 0,
          descriptor(kSwizzle64, kBytesA), 4);
  for (uint32_t i = 0; i < found.size(); ++i)
    ASSERT_EQ(std::bit_cast<float>(found[i]), float(product(place(i / 4, i % 4), 16)));
}

TEST(WarpgroupProduct, OtherTypes) {
  // Elements of 8 and 32 bits fill the same 32 bytes of a row.
  auto swizzled = [](uint32_t elementBytes) {
    Layout layout = kSwizzle128;
    layout.offset = [elementBytes](uint32_t row, uint32_t k) {
      uint32_t byte = k * elementBytes;
      return row * 128 + (byte / 16 ^ row % 8) * 16 + byte % 16;
    };
    return layout;
  };
  auto check = [&](const char *instruction, const Layout &layout,
                   const std::vector<std::byte> &image, uint32_t depth, const char *flags,
                   auto decode) {
    std::vector<uint32_t> found =
        run(kernelAround(
                fmt::format("{}wgmma.mma_async.sync.aligned.m64n16k{}.{} {}, %rd2, %rd3, 0{};\n",
                            kFence, depth, instruction, registerList("d", 8), flags) +
                    kFinish,
                8),
            image, descriptor(layout, 0), descriptor(layout, kBytesA), 8);
    for (uint32_t i = 0; i < found.size(); ++i)
      ASSERT_EQ(decode(found[i]), product(place(i / 8, i % 8), depth)) << instruction;
  };
  auto asInt = [](uint32_t bits) { return int(bits); };
  auto asFloat = [](uint32_t bits) { return int(std::bit_cast<float>(bits)); };
  Layout bytes = swizzled(1), words = swizzled(4);
  check("s32.s8.s8", bytes,
        makeImage<int8_t>(bytes, bytes, 16, 32, [](int value) { return int8_t(value); }), 32, "",
        asInt);
  // An e5m2 is the upper half of an f16; an e4m3 has another bias. Both have these integers.
  auto e5m2 = [](int value) { return uint8_t(f32ToF16(float(value)) >> 8); };
  auto e4m3 = [](int value) {
    uint32_t half = f32ToF16(float(value));
    return uint8_t(value == 0 ? 0 : ((half & 0x8000) >> 8) | (((half & 0x7fff) >> 7) - 64));
  };
  check("f32.e5m2.e5m2", bytes, makeImage<uint8_t>(bytes, bytes, 16, 32, e5m2), 32, ", 1, 1",
        asFloat);
  check("f32.e4m3.e4m3", bytes, makeImage<uint8_t>(bytes, bytes, 16, 32, e4m3), 32, ", 1, 1",
        asFloat);
  check("f32.tf32.tf32", words,
        makeImage<float>(words, words, 16, 8, [](int value) { return float(value); }), 8, ", 1, 1",
        asFloat);
}

TEST(WarpgroupProduct, HalfSums) {
  auto image = makeImage<uint16_t>(kSwizzle128, kSwizzle128, 16, 16,
                                   [](int value) { return f32ToF16(float(value)); });
  std::vector<uint32_t> found =
      run(kernelAround(kFence +
                           "wgmma.mma_async.sync.aligned.m64n16k16.f16.f16.f16 {%d0, %d1, %d2, "
                           "%d3}, %rd2, %rd3, 0, 1, 1, 0, 0;\n" +
                           kFinish,
                       4),
          image, descriptor(kSwizzle128, 0), descriptor(kSwizzle128, kBytesA), 4);
  for (uint32_t i = 0; i < found.size(); ++i)
    for (uint32_t half = 0; half < 2; ++half)
      ASSERT_EQ(f16ToF32(uint16_t(found[i] >> 16 * half)),
                float(product(place(i / 4, i % 4 * 2 + half), 16)));
}

TEST(WarpgroupProduct, Faults) {
  auto fault = [](const std::string &body, uint64_t descriptorB, FaultKind kind) {
    KernelRun kernel(kernelText(".reg .b32 %d<4>; mov.u32 %r0, %tid.x;\n" + body + " ret;",
                                ".extern .shared .align 1024 .b8 dynamic[];\n"));
    std::string message = kernel.launchError("k", {1, 1, 1}, {128, 1, 1},
                                             {0, 0, descriptor(kPlain, 0), descriptorB}, 4096);
    EXPECT_EQ(kernel.lastFault, kind) << message;
    return message;
  };
  std::string fill =
      "mul.wide.u32 %rd4, %r0, 32; mov.u64 %rd5, dynamic; add.u64 %rd5, %rd5, %rd4;\n"
      "mov.b64 %rd6, 0; st.shared.v2.b64 [%rd5], {%rd6, %rd6};\n"
      "st.shared.v2.b64 [%rd5+16], {%rd6, %rd6};\n";
  uint64_t second = descriptor(kPlain, 2048);
  EXPECT_NE(fault(bf16Product(8), second, FaultKind::Uninitialized), "");
  // No barrier: the first warp reads what its own threads wrote.
  EXPECT_NE(fault(fill + bf16Product(8), descriptor(kPlain, 512), FaultKind::Race), "");
  EXPECT_NE(fault(fill + "bar.sync 0;" + bf16Product(8), descriptor(kPlain, 4096 - 128),
                  FaultKind::OutOfBounds),
            "");
  EXPECT_NE(
      fault(fill + "bar.sync 0; cvt.u64.u32 %rd7, %r0; add.u64 %rd3, %rd3, %rd7;" + bf16Product(8),
            second, FaultKind::Divergence),
      "");
  std::string message =
      fault(fill + "bar.sync 0; setp.lt.u32 %p0, %r0, 96; @!%p0 bra END;" + bf16Product(8) + "END:",
            second, FaultKind::Divergence);
  EXPECT_NE(message.find("executed 1 times, by warp 3 of the group 0 times"), std::string::npos)
      << message;
  EXPECT_NE(fault(fill + "bar.sync 0;" + bf16Product(8), second | uint64_t(1) << 49,
                  FaultKind::Misaligned),
            "");
}
