//===- AnalysisTest.cpp - what is known of kernels before they run --------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/analysis/LoopNest.h"
#include "runtime/emulator/analysis/Occupancy.h"
#include "runtime/emulator/analysis/ParameterFlow.h"
#include "runtime/emulator/analysis/PtxasReport.h"
#include "runtime/emulator/analysis/WeightLoop.h"
#include "test/unit/emulator/KernelRun.h"

#include <gtest/gtest.h>

using namespace qopt;
using namespace qopt::emulator;

namespace {

/// The kernel around a body, which follows four loads of parameters to %rd0 to %rd3.
class Kernel {
public:
  explicit Kernel(const std::string &body)
      : module(ptx::parse(".version 8.4\n.target sm_90\n.address_size 64\n" +
                              kernelText(body + " ret;", ".extern .shared .b8 dynamic[];\n"),
                          "test.ptx")) {}
  const ptx::Function &operator*() const { return module->functions.at("k"); }

private:
  std::shared_ptr<const ptx::Module> module;
};

/// For each instruction of the body after the loads, how many loops it is in.
std::vector<int> depths(const std::string &body) {
  Kernel kernel(body);
  LoopNest nest(*kernel);
  std::vector<int> found;
  for (size_t i = 4; i < (*kernel).body.size(); ++i) {
    int depth = 0;
    for (size_t loop = 0; loop < nest.numLoops(); ++loop)
      depth += nest.members(loop)[i];
    EXPECT_EQ(depth == 0, nest.innermost(i) == LoopNest::kNone);
    found.push_back(depth);
  }
  return found;
}

} // namespace

TEST(Analysis, Loops) {
  using Depths = std::vector<int>;
  EXPECT_EQ(depths("mov.u32 %r0, 0;"), (Depths{0, 0}));
  EXPECT_EQ(depths("A: add.u32 %r0, %r0, 1; @%p0 bra A;"), (Depths{1, 1, 0}));
  EXPECT_EQ(depths("A: mov.u32 %r0, 0; B: add.u32 %r0, %r0, 1; @%p0 bra B; @%p1 bra A;"),
            (Depths{1, 2, 2, 1, 0}));
  // The latch lies before the header in the text, and one way through it is left out at times.
  EXPECT_EQ(depths("bra A; B: add.u32 %r0, %r0, 1; @!%p0 bra C;\n"
                   "A: @%p1 bra B; mov.u32 %r1, 1; bra B; C:"),
            (Depths{0, 1, 1, 1, 1, 1, 0}));
  // Two ways back are one loop; a way out is not in it.
  EXPECT_EQ(depths("A: @%p0 bra A; @%p1 bra B; bra A; B: mov.u32 %r0, 0;"),
            (Depths{1, 1, 1, 0, 0}));
  EXPECT_EQ(depths("bra B; A: bra A; B:"), (Depths{0, 0, 0})) << "never reached";
  EXPECT_EQ(depths("T: .branchtargets A, B; A: brx.idx %r0, T; B:"), (Depths{1, 0}));
}

TEST(Analysis, ParametersOfAddresses) {
  Kernel kernel("add.u64 %rd4, %rd0, %rd1; cvta.to.global.u64 %rd5, %rd2;\n"
                "A: mov.u64 %rd7, %rd6; add.u64 %rd6, %rd5, 16; @%p0 bra A;\n"
                "ld.global.u64 %rd8, [%rd4]; mov.b64 {%r0, %r1}, %rd3;");
  ParameterFlow flow(*kernel);
  auto of = [&](const char *name) {
    for (const ptx::RegisterRange &range : (*kernel).registerRanges)
      if (std::string_view(name).starts_with(range.name) && isdigit(name[range.name.size()])) {
        ptx::Operand operand;
        operand.kind = ptx::Operand::Kind::Register;
        operand.reg = range.first + uint32_t(atoi(name + range.name.size()));
        return flow.sources(operand);
      }
    return ~ParameterFlow::Set(0);
  };
  EXPECT_EQ(of("%rd0"), 1u);
  EXPECT_EQ(of("%rd4"), 3u);
  EXPECT_EQ(of("%rd5"), 4u);
  EXPECT_EQ(of("%rd7"), 4u) << "assigned later in the text";
  EXPECT_EQ(of("%rd8"), 0u) << "from memory";
  EXPECT_EQ(of("%r1"), 8u);
}

TEST(Analysis, WeightLoop) {
  const size_t weights[] = {1};
  Kernel none("ld.global.b32 %r0, [%rd0];");
  EXPECT_FALSE(findWeightLoop(*none, weights));

  Kernel loop("ld.global.b32 %r5, [%rd1];\n"
              "A: ld.global.nc.v4.b32 {%r0, %r1, %r2, %r3}, [%rd1+16];\n"
              "cp.async.cg.shared.global [dynamic], [%rd1+32], 16;\n"
              "ld.global.v2.b16 {%rs0, %rs1}, [%rd0]; add.u64 %rd1, %rd1, 32;\n"
              "ld.shared.b32 %r4, [dynamic]; @%p0 bra A;");
  std::optional<WeightLoop> found = findWeightLoop(*loop, weights);
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->isLoop);
  EXPECT_EQ(found->instructions, 6u);
  EXPECT_EQ(found->weightBytes, 32u);
  EXPECT_EQ(found->globalBytes, 36u);

  Kernel straight("ld.global.v2.b64 {%rd4, %rd5}, [%rd1];");
  found = findWeightLoop(*straight, weights);
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->isLoop);
  EXPECT_EQ(found->instructions, 6u);
  EXPECT_EQ(found->weightBytes, 16u);
}

TEST(Analysis, Occupancy) {
  // 4 warps of 132 registers: 4352 a warp, 15 warps, in fours 12, so 3 blocks.
  EXPECT_EQ(occupancyBound("sm_80", {128, 132, 0}), 12.0 / 64);
  EXPECT_EQ(occupancyBound("sm_80", {128, 32, 0}), 1.0);
  EXPECT_EQ(occupancyBound("sm_80", {1024, 65, 0}), 0.0) << "65536 / 2304 is less than 32 warps";
  EXPECT_EQ(occupancyBound("sm_80", {32, 16, 0}), 0.5) << "at most 32 blocks";
  // 33 KiB with what the system takes: 4 blocks in 164 KiB, 6 in 228 KiB.
  EXPECT_EQ(occupancyBound("sm_80", {128, 32, 32 << 10}), 16.0 / 64);
  EXPECT_EQ(occupancyBound("sm_90", {128, std::nullopt, 32 << 10}), 24.0 / 64);
  EXPECT_EQ(occupancyBound("sm_90a", {96, 255, 0}), 6.0 / 64);
  EXPECT_EQ(occupancyBound("sm_70", {128, 32, 0}), std::nullopt);
}

TEST(Analysis, PtxasReport) {
  auto kernels = parsePtxasReport(
      "ptxas info    : 0 bytes gmem\n"
      "ptxas info    : Compiling entry function 'a' for 'sm_80'\n"
      "ptxas info    : Function properties for a\n"
      "    24 bytes stack frame, 20 bytes spill stores, 36 bytes spill loads\n"
      "ptxas info    : Used 255 registers, used 1 barriers, 1024 bytes smem, 384 bytes cmem[0]\n"
      "ptxas info    : Compile time = 15.156 ms\n"
      "ptxas info    : Compiling entry function 'b' for 'sm_80'\n"
      "ptxas info    : Used 28 registers, 384 bytes cmem[0]");
  ASSERT_EQ(kernels.size(), 2u);
  EXPECT_EQ(kernels["a"].registers, 255u);
  EXPECT_EQ(kernels["a"].spillStores, 20u);
  EXPECT_EQ(kernels["a"].spillLoads, 36u);
  EXPECT_EQ(kernels["a"].staticShared, 1024u);
  EXPECT_EQ(kernels["b"].registers, 28u);
  EXPECT_EQ(kernels["b"].spillLoads, 0u);
  EXPECT_TRUE(parsePtxasReport("").empty());
}
