//===- CudaErrorTest.cpp - one clear line for what can be wrong ----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PtxArtifact.h"
#include "runtime/device/cuda/CudaDevice.h"
#include "runtime/emulator/driver/Emulator.h"
#include "runtime/session/Session.h"
#include <dlfcn.h>

using namespace qopt;
using namespace qopt::test;

TEST(CudaErrors, NoDriver) {
  expectContains(PtxArtifact().openError("libqopt_absent.so.1"),
                 {"no CUDA driver", "libqopt_absent.so.1"});
}

TEST(CudaErrors, BrokenDriver) {
  TempDir dir;
  dir.write("libcuda.so.1", "this is no shared object");
  expectContains(PtxArtifact().openError(dir.path("libcuda.so.1")),
                 {"the CUDA driver is broken", "libcuda.so.1"});
}

TEST(CudaErrors, DriverWithoutFunctions) {
  expectContains(PtxArtifact().openError(QOPT_CUDA_WITHOUT_FUNCTIONS),
                 {QOPT_CUDA_WITHOUT_FUNCTIONS, "has no function cuInit", "older than CUDA 12"});
}

TEST(CudaErrors, NoGpu) {
  expectContains(PtxArtifact().openError(QOPT_CUDA_WITHOUT_GPU),
                 {QOPT_CUDA_WITHOUT_GPU, "finds no GPU", "100"});
}

TEST(CudaErrors, NoPtx) {
  PtxArtifact toy;
  toy.plan["targets"] = Json::object();
  expectContains(toy.openError(), {toy.path(), "without PTX kernels", "'ptx'"});
}

TEST(CudaErrors, DriverTooOldForThePtx) {
  PtxArtifact toy;
  toy.ptx.replace(toy.ptx.find("8.0"), 3, "9.9");
  expectContains(toy.openError(), {"kernels.ptx", "CUDA 13.0, is too old for PTX 9.9",
                                   "CUDA_ERROR_UNSUPPORTED_PTX_VERSION"});
}

TEST(CudaErrors, GpuTooOldForTheModules) {
  PtxArtifact toy;
  toy.plan["targets"]["ptx"]["modules"][0]["chip"] = "sm_120";
  expectContains(toy.openError(),
                 {toy.path(), "compute capability 9.0", "kernels.ptx is for sm_120"});
  toy.plan["targets"]["ptx"]["modules"][0]["chip"] = "gfx90a";
  expectContains(toy.openError(), {"kernels.ptx is for gfx90a"});
}

TEST(CudaErrors, WrongPtxIsQuoted) {
  PtxArtifact toy;
  toy.ptx.replace(toy.ptx.find("mad.lo.s32"), 10, "mad.up.s32");
  expectContains(toy.openError(), {"kernels.ptx", "CUDA_ERROR_INVALID_PTX", "mad.up.s32"});
}

TEST(CudaErrors, MissingModule) {
  PtxArtifact toy;
  toy.plan["targets"]["ptx"]["modules"][0]["file"] = "absent.ptx";
  expectContains(toy.openError(), {"absent.ptx", "No such file"});
}

TEST(CudaErrors, MissingKernel) {
  PtxArtifact toy;
  toy.plan["targets"]["ptx"]["functions"]["decode"]["launches"][0]["kernel"] = "toy_dance";
  expectContains(toy.openError(), {"kernels.ptx", "'toy_dance'", "layers.0"});
}

TEST(CudaErrors, TooMuchSharedMemory) {
  PtxArtifact toy;
  toy.plan["targets"]["ptx"]["functions"]["decode"]["launches"][0]["shared"] = 1 << 20;
  expectContains(toy.openError(),
                 {"'toy_body'", "layers.0", "1048576", "CUDA_ERROR_INVALID_VALUE"});
}

TEST(CudaErrors, WeightsThatAreOtherwise) {
  PtxArtifact toy;
  Json &argument = toy.plan["targets"]["ptx"]["functions"]["decode"]["launches"][0]["args"][1];
  argument["as"] = "rows_bf16";
  expectContains(toy.openError(), {"'toy.weight'", "[4]", "as a matrix"});
  argument["as"] = "vector_f32";
  argument["columns"] = 5;
  expectContains(toy.openError(), {"'toy.weight'", "[4]", "reads 5 rows"});
}

/// Runs tokens one by one through the toy on the emulator.
static std::string runError(const PtxArtifact &toy, std::initializer_list<int32_t> tokens = {7}) {
  toy.write();
  return errorOf([&] {
    Artifact artifact = Artifact::open(toy.path(), 1);
    std::unique_ptr<Device> device = openCudaDevice(artifact, {QOPT_CUDA_EMULATOR, 1, {}});
    Session session(artifact.plan(), *device, {16, 16, 1});
    Feed feed{session.addSequence(), {}, 0};
    for (const int32_t &token : tokens) {
      feed.tokens = std::span(&token, 1);
      session.run(std::span(&feed, 1), [](const TokenResult &) {});
    }
  });
}

TEST(CudaErrors, FaultsNameKernelAndOp) {
  PtxArtifact toy;
  EXPECT_EQ(runError(toy), "");
  size_t line = toy.ptx.find("st.global.f32 [%rd6]");
  toy.ptx.replace(line, 20, "st.global.f32 [%rd6+4096]");
  expectContains(runError(toy), {"'toy_body'", "kernel.gather at layers.0",
                                 "CUDA_ERROR_ILLEGAL_ADDRESS", "st.global.f32"});
}

TEST(CudaErrors, FaultsInReplaysNameTheOp) {
  PtxArtifact toy;
  size_t line = toy.ptx.find("cvt.rn.f32.s32 %f1, %r3;");
  toy.ptx.insert(line, ".reg .pred %p1; setp.eq.s32 %p1, %r3, 9; @%p1 trap;\n  ");
  EXPECT_EQ(runError(toy, {7, 7, 7}), "");
  expectContains(runError(toy, {7, 7, 9}),
                 {"running decode", "kernel 'toy_body' of 'layers.0'", "'trap' is executed"});
}

TEST(CudaErrors, LaunchesThatCannotBe) {
  PtxArtifact toy;
  toy.plan["targets"]["ptx"]["functions"]["decode"]["launches"][0]["grid"] = {1, 70000};
  expectContains(runError(toy), {"'toy_body'", "layers.0", "1 x 70000 x 1", "INVALID_VALUE"});
}

TEST(CudaErrors, OutOfMemorySaysForWhat) {
  PtxArtifact toy;
  void *emulator = dlopen(QOPT_CUDA_EMULATOR, RTLD_NOW);
  ASSERT_NE(emulator, nullptr);
  auto setMemory =
      reinterpret_cast<decltype(&qoptEmulatorSetMemory)>(dlsym(emulator, "qoptEmulatorSetMemory"));
  Artifact artifact = Artifact::open(toy.path(), 1);
  std::unique_ptr<Device> device = openCudaDevice(artifact, {QOPT_CUDA_EMULATOR, 1, {}});
  setMemory(1 << 20);
  std::string error = errorOf([&] { device->allocate(uint64_t(1) << 30, "hidden states"); });
  setMemory(uint64_t(1) << 36);
  expectContains(error, {"1073741824 bytes of GPU memory for hidden states", "of 1048576 are free",
                         "CUDA_ERROR_OUT_OF_MEMORY"});
  device.reset();
  dlclose(emulator);
}
