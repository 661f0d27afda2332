//===- CudaDeviceTest.cpp - copies, runs and replays ----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cuda/CudaDevice.h"

#include "PtxArtifact.h"
#include "runtime/device/cuda/CudaFunction.h"
#include "runtime/session/Session.h"
#include <cstring>

using namespace qopt;
using namespace qopt::test;

namespace {

class CudaDeviceTest : public testing::Test {
protected:
  PtxArtifact toy;
  Artifact artifact = Artifact::open(toy.path(), 1);
  std::unique_ptr<Device> device = openCudaDevice(artifact, {QOPT_CUDA_EMULATOR, 2, {}});
};

} // namespace

TEST_F(CudaDeviceTest, SaysWhatItIs) {
  EXPECT_EQ(device->describe(),
            "qopt PTX emulator (compute capability 9.0, CUDA 13.0), kernels for sm_80");
}

TEST_F(CudaDeviceTest, BuffersAreZeroedAndCopied) {
  auto buffer = device->allocate(1000, "a test");
  EXPECT_EQ(buffer->size(), 1000u);
  for (std::byte b : device->view(*buffer, 0, 1000))
    ASSERT_EQ(b, std::byte(0));
  std::vector<std::byte> data(300);
  for (size_t i = 0; i < data.size(); ++i)
    data[i] = std::byte(i * 7);
  device->write(*buffer, 100, data);
  device->copy(*buffer, 100, 600, 300);
  EXPECT_EQ(0, std::memcmp(device->view(*buffer, 600, 300).data(), data.data(), 300));
  EXPECT_EQ(device->view(*buffer, 400, 1)[0], std::byte(0));
}

/// More than the two pieces of pinned memory, so that each is used again.
TEST_F(CudaDeviceTest, LongWritesTakeSeveralPieces) {
  std::vector<std::byte> data(3 * Staging::pieceBytes + 1234);
  for (size_t i = 0; i < data.size(); ++i)
    data[i] = std::byte(i * 31 + i / 997);
  auto buffer = device->allocate(data.size(), "a test");
  device->write(*buffer, 0, data);
  EXPECT_EQ(0, std::memcmp(device->view(*buffer, 0, data.size()).data(), data.data(), data.size()));
}

/// The logits of the last token of `tokens`, fed to a new sequence.
static std::vector<float> lastLogits(Session &session, std::span<const int32_t> tokens) {
  std::vector<float> logits;
  Feed feed{session.addSequence(), tokens, tokens.size() - 1};
  session.run(std::span(&feed, 1), [&](const TokenResult &result) {
    logits.assign(result.logits.begin(), result.logits.end());
  });
  session.removeSequence(feed.sequence);
  return logits;
}

/// The first run launches, the second records, further ones replay; each sees its own tokens.
TEST_F(CudaDeviceTest, ReplaysReadNewInputs) {
  Session session(artifact.plan(), *device, {16, 16, 1});
  for (size_t length : {size_t(1), size_t(5), size_t(2)})
    for (int32_t token = 3; token < 9; ++token) {
      std::vector<int32_t> tokens(length, 60);
      tokens.back() = token;
      std::vector<float> logits = lastLogits(session, tokens);
      for (int64_t j = 0; j < PtxArtifact::vocabSize; ++j)
        ASSERT_EQ(logits[size_t(j)], float(token + j)) << length << " tokens";
    }
}

TEST_F(CudaDeviceTest, ShapesThatComeAgainAreRecorded) {
  CudaContext context(QOPT_CUDA_EMULATOR);
  const PlanTarget &target = *artifact.plan().ptx;
  CudaModule module(context, artifact, target);
  Staging staging(context);
  DeviceWeights weights(context, artifact, target, staging, 1, {});
  CudaMemory ids(context, 4096, "a test"), result(context, 4096, "a test");
  const std::vector<std::byte> zeros(4096);
  staging.write(ids.address(), zeros);
  Bindings bindings;
  bindings.slots = {result.address()};
  bindings.inputs[size_t(StepInput::Ids)] = ids.address();

  CudaFunction function(context, module, weights, target.prefill, bindings);
  EXPECT_EQ(function.numGraphs(), 0u);
  for (int run = 0; run < 3; ++run) {
    function.run({1, 1});
    EXPECT_EQ(function.numGraphs(), run > 0 ? 1u : 0u);
  }
  function.run({2, 1});
  EXPECT_EQ(function.numGraphs(), 1u);
  function.run({2, 1});
  EXPECT_EQ(function.numGraphs(), 2u);
  // Others take the place of what was not used for long.
  for (int64_t rows = 3; rows < 100; ++rows)
    for (int run = 0; run < 2; ++run)
      function.run({rows, 1});
  EXPECT_EQ(function.numGraphs(), 64u);
  context.wait("a test");
}

TEST_F(CudaDeviceTest, ProgressEndsWithAllBytes) {
  uint64_t last = 0, all = 0;
  openCudaDevice(artifact, {QOPT_CUDA_EMULATOR, 1, [&](uint64_t done, uint64_t total) {
                              EXPECT_GT(done, last);
                              last = done;
                              all = total;
                            }});
  EXPECT_EQ(last, all);
  EXPECT_EQ(all, 32 * sizeof(float)); // Four elements, padded.
}

TEST(CudaModule, ChipsRunOnLaterGpus) {
  EXPECT_TRUE(runsOn("sm_80", false, {8, 0}));
  EXPECT_TRUE(runsOn("sm_80", false, {9, 0}));
  EXPECT_FALSE(runsOn("sm_80", false, {7, 5}));
  EXPECT_TRUE(runsOn("sm_90a", false, {9, 0}));
  EXPECT_FALSE(runsOn("sm_90a", false, {10, 0}));
  EXPECT_TRUE(runsOn("sm_100", false, {10, 3}));
  EXPECT_TRUE(runsOn("sm_80", true, {8, 6}));
  EXPECT_FALSE(runsOn("sm_80", true, {9, 0}));
  EXPECT_FALSE(runsOn("sm_", false, {9, 0}));
  EXPECT_FALSE(runsOn("avx2", false, {9, 0}));
}

/// A module for this chip alone is preferred, and one that does not load is passed over, which is
/// said.
TEST(CudaModule, TheBestThatLoadsIsTaken) {
  PtxArtifact toy;
  Json &modules = toy.plan["targets"]["ptx"]["modules"];
  modules.push_back({{"file", "kernels.sm_90a.ptx"}, {"chip", "sm_90a"}});
  toy.write();
  auto chosen = [&](std::string ptx) {
    std::ofstream(toy.path() + "/kernels.sm_90a.ptx") << ptx;
    Artifact artifact = Artifact::open(toy.path(), 1);
    CudaContext context(QOPT_CUDA_EMULATOR);
    CudaModule module(context, artifact, *artifact.plan().ptx);
    return std::pair(module.chip(), module.passedOver());
  };
  std::string ptx = toy.ptx;
  EXPECT_EQ(chosen(ptx), std::pair(std::string("sm_90a"), std::string()));
  auto [chip, passedOver] = chosen(ptx.replace(ptx.find("8.0"), 3, "9.9"));
  EXPECT_EQ(chip, "sm_80");
  EXPECT_NE(passedOver.find("kernels.sm_90a.ptx: the driver"), std::string::npos) << passedOver;
}

/// Machine code of a chip comes before its PTX, which stands in where it cannot be loaded, as in
/// the emulator. That of other chips is not tried.
TEST(CudaModule, PtxStandsInForMachineCode) {
  PtxArtifact toy;
  Json &modules = toy.plan["targets"]["ptx"]["modules"];
  modules.push_back({{"file", "kernels.sm_80.cubin"}, {"chip", "sm_80"}});
  modules.push_back({{"file", "kernels.sm_90.ptx"}, {"chip", "sm_90"}});
  modules.push_back({{"file", "kernels.sm_90.cubin"}, {"chip", "sm_90"}});
  toy.write();
  std::ofstream(toy.path() + "/kernels.sm_90.ptx") << toy.ptx;
  for (const char *file : {"/kernels.sm_80.cubin", "/kernels.sm_90.cubin"})
    std::ofstream(toy.path() + file) << "\x7f"
                                        "ELF...";
  Artifact artifact = Artifact::open(toy.path(), 1);
  CudaContext context(QOPT_CUDA_EMULATOR);
  CudaModule module(context, artifact, *artifact.plan().ptx);
  EXPECT_EQ(module.chip(), "sm_90");
  EXPECT_NE(module.passedOver().find("kernels.sm_90.cubin: cannot be loaded: "
                                     "CUDA_ERROR_NO_BINARY_FOR_GPU"),
            std::string::npos)
      << module.passedOver();
  EXPECT_EQ(module.passedOver().find("sm_80"), std::string::npos);
}
