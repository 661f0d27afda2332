//===- DriverErrorTest.cpp - what the CUDA driver API refuses -------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/unit/emulator/DriverTest.h"

using namespace qopt;
using namespace qopt::emulator;

TEST_F(Driver, CallsThatWaitFailACapture) {
  CUstream stream = nullptr;
  EXPECT_OK(call("cuStreamCreate", &stream, 0u));
  EXPECT_OK(call("cuStreamBeginCapture_v2", stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
  EXPECT_EQ(call("cuCtxSynchronize"), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
  EXPECT_EQ(launchScale(2, stream), CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
  CUgraph graph = nullptr;
  EXPECT_EQ(call("cuStreamEndCapture", stream, &graph), CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
  EXPECT_EQ(graph, nullptr);
  EXPECT_OK(call("cuStreamDestroy_v2", stream));
}

TEST_F(Driver, RefusesBadLaunches) {
  EXPECT_EQ(launchScale(2, nullptr, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(launchScale(2, nullptr, 1025), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(errorText(CUDA_ERROR_INVALID_VALUE),
            "invalid argument: a block of 1025 x 1 x 1, of at most 1024 x 1024 x 64");
  EXPECT_EQ(launch(big, 65, 64, nullptr), CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES);
  EXPECT_EQ(launch(scale, 32, 0, nullptr), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(errorText(CUDA_ERROR_INVALID_VALUE),
            "invalid argument: kernel 'scale' takes 2 arguments, of which number 0 is null");
  EXPECT_EQ(call("cuLaunchKernel", CUfunction(), 1u, 1u, 1u, 1u, 1u, 1u, 0u, CUstream(),
                 (void **)nullptr, (void **)nullptr),
            CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(call("cuLaunchKernel", big, 1u, 65536u, 1u, 1u, 1u, 1u, 64u, CUstream(),
                 (void **)nullptr, (void **)nullptr),
            CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(launchScale(2), CUDA_SUCCESS) << "none of these harms the context";
}

TEST_F(Driver, LargeSharedMemoryIsAskedFor) {
  EXPECT_OK(launch(big, 32, 48 << 10, nullptr));
  EXPECT_EQ(launch(big, 32, (48 << 10) + 1, nullptr), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(errorText(CUDA_ERROR_INVALID_VALUE),
            "invalid argument: kernel 'big' with 49153 bytes of dynamic shared memory, of which "
            "49152 are allowed");
  EXPECT_OK(
      call("cuFuncSetAttribute", big, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 100000));
  EXPECT_OK(launch(big, 32, 100000, nullptr));
  EXPECT_EQ(
      call("cuFuncSetAttribute", big, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 300000),
      CUDA_ERROR_INVALID_VALUE);
  int value = 0;
  EXPECT_OK(call("cuFuncGetAttribute", &value, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, big));
  EXPECT_EQ(value, 64);
}

TEST_F(Driver, MemoryRunsOut) {
  CUdeviceptr address = 0;
  EXPECT_EQ(call("cuMemAlloc_v2", &address, size_t(1) << 50), CUDA_ERROR_OUT_OF_MEMORY);
  EXPECT_NE(errorText(CUDA_ERROR_OUT_OF_MEMORY).find("1125899906842624 bytes asked for, "),
            std::string::npos);
  EXPECT_EQ(call("cuMemAlloc_v2", &address, size_t(0)), CUDA_ERROR_INVALID_VALUE);
}

TEST_F(Driver, ReportsWhyPtxIsRefused) {
  char log[256] = "?";
  CUjit_option options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
  void *values[] = {log, reinterpret_cast<void *>(sizeof(log))};
  auto load = [&](const char *text) {
    CUmodule loaded = nullptr;
    return call("cuModuleLoadDataEx", &loaded, static_cast<const void *>(text), 2u, +options,
                +values);
  };
  EXPECT_EQ(load(".version 8.0\n.target sm_80\n.entry k() { frob; }\n"), CUDA_ERROR_INVALID_PTX);
  EXPECT_STREQ(log, "ptx:3: 'frob': the emulator does not know the instruction 'frob'");
  EXPECT_EQ(load(".version 9.9\n.target sm_80\n"), CUDA_ERROR_UNSUPPORTED_PTX_VERSION);
  EXPECT_EQ(load(".version 8.0\n.target sm_100\n"), CUDA_ERROR_INVALID_PTX);
  EXPECT_STREQ(log, "PTX for sm_100 does not run on a device of capability 9.0");
  EXPECT_EQ(load("\x7f"
                 "ELF"),
            CUDA_ERROR_NO_BINARY_FOR_GPU);
  EXPECT_OK(load(".version 8.0\n.target sm_90a\n"));
}

TEST_F(Driver, AFaultStaysUntilTheContextGoes) {
  CUdeviceptr address = buffer + 64;
  uint32_t factor = 1;
  void *arguments[] = {&address, &factor};
  EXPECT_EQ(launch(scale, 32, 0, arguments), CUDA_ERROR_ILLEGAL_ADDRESS);
  std::string text = errorText(CUDA_ERROR_ILLEGAL_ADDRESS);
  EXPECT_TRUE(
      text.starts_with("an illegal memory access was encountered: kernel 'scale', block "
                       "(0,0,0), thread (16,0,0): ptx:16: 'ld.global.b32 %r3, [%rd1]' reads "
                       "4 bytes at 0x"))
      << text;
  const char *name = nullptr;
  EXPECT_OK(call("cuGetErrorName", CUDA_ERROR_ILLEGAL_ADDRESS, &name));
  EXPECT_STREQ(name, "CUDA_ERROR_ILLEGAL_ADDRESS");
  EXPECT_EQ(call("cuCtxSynchronize"), CUDA_ERROR_ILLEGAL_ADDRESS);
  EXPECT_EQ(launchScale(1), CUDA_ERROR_ILLEGAL_ADDRESS);
  EXPECT_OK(call("cuCtxDestroy_v2", context));
  EXPECT_OK(call("cuCtxCreate_v2", &context, 0u, CUdevice(0)));
  EXPECT_OK(launchScale(1));
}

TEST_F(Driver, NeedsAContext) {
  EXPECT_OK(call("cuCtxSetCurrent", CUcontext()));
  EXPECT_EQ(launchScale(1), CUDA_ERROR_INVALID_CONTEXT);
  EXPECT_OK(call("cuCtxSetCurrent", context));
  CUcontext primary = nullptr, current = nullptr;
  EXPECT_OK(call("cuDevicePrimaryCtxRetain", &primary, CUdevice(0)));
  EXPECT_OK(call("cuCtxSetCurrent", primary));
  EXPECT_OK(call("cuCtxGetCurrent", &current));
  EXPECT_EQ(current, primary);
  EXPECT_OK(launchScale(1));
  EXPECT_OK(call("cuDevicePrimaryCtxRelease_v2", CUdevice(0)));
  EXPECT_EQ(call("cuDevicePrimaryCtxRelease_v2", CUdevice(0)), CUDA_ERROR_INVALID_CONTEXT);
  EXPECT_OK(call("cuCtxSetCurrent", context));
}

TEST_F(Driver, FaultsNameTheOp) {
  auto setLocation = extension<decltype(qoptEmulatorSetLocation)>("qoptEmulatorSetLocation");
  ASSERT_TRUE(setLocation);
  CUdeviceptr address = buffer + 64;
  uint32_t factor = 1;
  void *arguments[] = {&address, &factor};
  CUstream stream = nullptr;
  CUgraph graph = nullptr;
  CUgraphExec executable = nullptr;
  EXPECT_OK(call("cuStreamCreate", &stream, 0u));
  EXPECT_OK(call("cuStreamBeginCapture_v2", stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
  setLocation("model.layers.0.mlp");
  EXPECT_OK(launchScale(1, stream));
  setLocation("model.layers.1.mlp");
  EXPECT_OK(launch(scale, 32, 0, arguments, stream));
  setLocation(nullptr);
  EXPECT_OK(call("cuStreamEndCapture", stream, &graph));
  EXPECT_OK(call("cuGraphInstantiateWithFlags", &executable, graph, 0ull));
  EXPECT_EQ(call("cuGraphLaunch", executable, stream), CUDA_ERROR_ILLEGAL_ADDRESS);
  std::string text = errorText(CUDA_ERROR_ILLEGAL_ADDRESS);
  EXPECT_NE(text.find("kernel 'scale' of 'model.layers.1.mlp', block (0,0,0)"), std::string::npos)
      << text;
  EXPECT_OK(call("cuGraphExecDestroy", executable));
  EXPECT_OK(call("cuGraphDestroy", graph));
  EXPECT_OK(call("cuStreamDestroy_v2", stream));
}
