//===- DriverTest.h - a device, a module and a buffer for tests of the API --*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TEST_UNIT_EMULATOR_DRIVERTEST_H
#define QOPT_TEST_UNIT_EMULATOR_DRIVERTEST_H

#include "runtime/device/cuda/CudaTypes.h"
#include "runtime/emulator/driver/Emulator.h"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace qopt::emulator {

// Through dlopen, as the CUDA device does.

inline void *library() {
  static void *handle = dlopen(QOPT_CUDA_EMU, RTLD_NOW | RTLD_LOCAL);
  EXPECT_NE(handle, nullptr) << dlerror();
  return handle;
}

/// An exported function, called with what it takes.
template <typename... Args> CUresult call(const char *name, Args... args) {
  auto *function = reinterpret_cast<CUresult (*)(Args...)>(dlsym(library(), name));
  if (!function) {
    ADD_FAILURE() << name << " is not exported";
    return CUDA_ERROR_UNKNOWN;
  }
  return function(args...);
}

/// A function that a real driver lacks.
template <typename Function> Function *extension(const char *name) {
  return reinterpret_cast<Function *>(dlsym(library(), name));
}

inline std::string errorText(CUresult result) {
  const char *text = nullptr;
  call("cuGetErrorString", result, &text);
  return text ? text : "";
}

#define EXPECT_OK(expression) EXPECT_EQ(expression, CUDA_SUCCESS)

inline const char *const kModule = R"(
.version 8.0
.target sm_80
.address_size 64
.global .align 4 .b8 table[8] = {1, 0, 0, 0, 2, 0, 0, 0};
.extern .shared .align 16 .b8 dynamic[];
.visible .entry scale(.param .u64 buffer, .param .u32 factor)
{
  .reg .b32 %r<8>;
  .reg .b64 %rd<8>;
  ld.param.u64 %rd1, [buffer];
  ld.param.u32 %r1, [factor];
  mov.u32 %r2, %tid.x;
  mul.wide.u32 %rd2, %r2, 4;
  add.u64 %rd1, %rd1, %rd2;
  ld.global.b32 %r3, [%rd1];
  mul.lo.u32 %r3, %r3, %r1;
  st.global.b32 [%rd1], %r3;
  ret;
}
.visible .entry big() .maxntid 64
{
  .reg .b32 %r<2>;
  mov.u32 %r1, 1;
  st.shared.b32 [dynamic], %r1;
  ret;
}
)";

/// A context, a module and a buffer of 32 words, 0 to 31.
class Driver : public testing::Test {
protected:
  void SetUp() override {
    EXPECT_OK(call("cuInit", 0u));
    EXPECT_OK(call("cuCtxCreate_v2", &context, 0u, CUdevice(0)));
    EXPECT_OK(call("cuModuleLoadData", &module, static_cast<const void *>(kModule)));
    EXPECT_OK(call("cuModuleGetFunction", &scale, module, "scale"));
    EXPECT_OK(call("cuModuleGetFunction", &big, module, "big"));
    EXPECT_OK(call("cuMemAlloc_v2", &buffer, size_t(128)));
    for (uint32_t i = 0; i < 32; ++i)
      words.push_back(i);
    EXPECT_OK(
        call("cuMemcpyHtoD_v2", buffer, static_cast<const void *>(words.data()), size_t(128)));
  }
  void TearDown() override {
    EXPECT_OK(call("cuMemFree_v2", buffer));
    EXPECT_OK(call("cuModuleUnload", module));
    EXPECT_OK(call("cuCtxDestroy_v2", context));
  }

  CUresult launchScale(uint32_t factor, CUstream stream = nullptr, unsigned threads = 32) {
    CUdeviceptr address = buffer;
    void *arguments[] = {&address, &factor};
    return launch(scale, threads, 0, arguments, stream);
  }
  CUresult launch(CUfunction function, unsigned threads, unsigned shared, void **arguments,
                  CUstream stream = nullptr) {
    return call("cuLaunchKernel", function, 1u, 1u, 1u, threads, 1u, 1u, shared, stream, arguments,
                static_cast<void **>(nullptr));
  }
  /// The word of thread 5, which began as 5.
  uint32_t fifth() {
    EXPECT_OK(call("cuMemcpyDtoH_v2", static_cast<void *>(words.data()), buffer, size_t(128)));
    return words[5];
  }

  CUcontext context = nullptr;
  CUmodule module = nullptr;
  CUfunction scale = nullptr, big = nullptr;
  CUdeviceptr buffer = 0;
  std::vector<uint32_t> words;
};

} // namespace qopt::emulator

#endif // QOPT_TEST_UNIT_EMULATOR_DRIVERTEST_H
