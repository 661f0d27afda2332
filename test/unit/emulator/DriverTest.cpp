//===- DriverTest.cpp - the CUDA driver API of libqopt_cuda_emu.so --------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/unit/emulator/DriverTest.h"

using namespace qopt;
using namespace qopt::emulator;

TEST_F(Driver, DescribesTheDevice) {
  int count = 0, version = 0, value = 0;
  EXPECT_OK(call("cuDeviceGetCount", &count));
  EXPECT_EQ(count, 1);
  EXPECT_OK(call("cuDriverGetVersion", &version));
  EXPECT_GE(version, 12000);
  CUdevice device = 7;
  EXPECT_OK(call("cuDeviceGet", &device, 0));
  EXPECT_EQ(call("cuDeviceGet", &device, 1), CUDA_ERROR_INVALID_DEVICE);
  char name[64], shortName[5];
  EXPECT_OK(call("cuDeviceGetName", +name, 64, CUdevice(0)));
  EXPECT_STREQ(name, "qopt PTX emulator");
  EXPECT_OK(call("cuDeviceGetName", +shortName, 5, CUdevice(0)));
  EXPECT_STREQ(shortName, "qopt");
  EXPECT_OK(call("cuDeviceGetAttribute", &value, CU_DEVICE_ATTRIBUTE_WARP_SIZE, CUdevice(0)));
  EXPECT_EQ(value, 32);
  EXPECT_OK(call("cuDeviceGetAttribute", &value, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR,
                 CUdevice(0)));
  EXPECT_EQ(value, 9);
  size_t total = 0, free = 0;
  EXPECT_OK(call("cuDeviceTotalMem_v2", &total, CUdevice(0)));
  EXPECT_OK(call("cuMemGetInfo_v2", &free, &total));
  EXPECT_LT(free, total);
  void *found = nullptr;
  int status = 0;
  EXPECT_OK(call("cuGetProcAddress_v2", "cuMemAlloc", &found, 12000, uint64_t(0), &status));
  EXPECT_EQ(found, dlsym(library(), "cuMemAlloc_v2"));
  EXPECT_EQ(call("cuGetProcAddress_v2", "cuNoSuchThing", &found, 12000, uint64_t(0), &status),
            CUDA_ERROR_NOT_FOUND);
}

TEST_F(Driver, LaunchesKernels) {
  EXPECT_OK(launchScale(3));
  EXPECT_OK(call("cuCtxSynchronize"));
  EXPECT_EQ(fifth(), 15u);
  // Arguments in one buffer.
  struct {
    CUdeviceptr address;
    uint32_t factor;
  } packed = {buffer, 2};
  size_t bytes = sizeof(packed);
  void *extra[] = {CU_LAUNCH_PARAM_BUFFER_POINTER, &packed, CU_LAUNCH_PARAM_BUFFER_SIZE, &bytes,
                   CU_LAUNCH_PARAM_END};
  EXPECT_OK(call("cuLaunchKernel", scale, 1u, 1u, 1u, 32u, 1u, 1u, 0u, CUstream(), (void **)nullptr,
                 +extra));
  EXPECT_EQ(fifth(), 30u);
  CUlaunchConfig config = {1, 1, 1, 32, 1, 1, 0, nullptr, nullptr, 0};
  CUdeviceptr address = buffer;
  uint32_t factor = 2;
  void *arguments[] = {&address, &factor};
  EXPECT_OK(call("cuLaunchKernelEx", static_cast<const CUlaunchConfig *>(&config), scale,
                 +arguments, (void **)nullptr));
  EXPECT_EQ(fifth(), 60u);
}

TEST_F(Driver, CopiesAndFills) {
  CUdeviceptr other = 0;
  EXPECT_OK(call("cuMemAlloc_v2", &other, size_t(128)));
  EXPECT_OK(call("cuMemcpyDtoDAsync_v2", other, buffer, size_t(128), CUstream()));
  EXPECT_OK(call("cuMemsetD32Async", buffer, 0xabcdu, size_t(32), CUstream()));
  EXPECT_EQ(fifth(), 0xabcdu);
  EXPECT_OK(call("cuMemsetD8_v2", buffer, static_cast<unsigned char>(1), size_t(128)));
  EXPECT_EQ(fifth(), 0x01010101u);
  EXPECT_OK(call("cuMemcpyDtoD_v2", buffer, other, size_t(128)));
  EXPECT_EQ(fifth(), 5u);
  EXPECT_EQ(call("cuMemcpyDtoD_v2", buffer, other, size_t(129)), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(call("cuMemsetD32_v2", buffer + 2, 0u, size_t(1)), CUDA_ERROR_INVALID_VALUE);
  EXPECT_OK(call("cuMemFree_v2", other));
  EXPECT_EQ(call("cuMemFree_v2", other), CUDA_ERROR_INVALID_VALUE);
  // Pinned memory has one address for the host and for kernels.
  void *pinned = nullptr;
  CUdeviceptr pinnedAddress = 0;
  EXPECT_OK(call("cuMemHostAlloc", &pinned, size_t(128), 0u));
  EXPECT_OK(call("cuMemHostGetDevicePointer_v2", &pinnedAddress, pinned, 0u));
  static_cast<uint32_t *>(pinned)[5] = 7;
  EXPECT_OK(call("cuMemcpyHtoDAsync_v2", buffer, static_cast<const void *>(pinned), size_t(128),
                 CUstream()));
  EXPECT_EQ(fifth(), 7u);
  uint32_t factor = 3;
  void *arguments[] = {&pinnedAddress, &factor};
  EXPECT_OK(launch(scale, 32, 0, arguments));
  EXPECT_EQ(static_cast<uint32_t *>(pinned)[5], 21u);
  EXPECT_OK(call("cuMemFreeHost", pinned));
}

TEST_F(Driver, ModuleVariables) {
  CUdeviceptr table = 0;
  size_t bytes = 0;
  EXPECT_OK(call("cuModuleGetGlobal_v2", &table, &bytes, module, "table"));
  EXPECT_EQ(bytes, 8u);
  uint32_t values[2];
  EXPECT_OK(call("cuMemcpyDtoH_v2", static_cast<void *>(values), table, size_t(8)));
  EXPECT_EQ(values[1], 2u);
  EXPECT_EQ(call("cuModuleGetGlobal_v2", &table, &bytes, module, "chair"), CUDA_ERROR_NOT_FOUND);
  EXPECT_EQ(call("cuModuleGetFunction", &scale, module, "chair"), CUDA_ERROR_NOT_FOUND);
  EXPECT_EQ(errorText(CUDA_ERROR_NOT_FOUND),
            "named symbol not found: the module has no kernel 'chair'");
}

TEST_F(Driver, GraphsReplay) {
  CUstream stream = nullptr, second = nullptr;
  CUevent fork = nullptr, join = nullptr;
  EXPECT_OK(call("cuStreamCreate", &stream, 0u));
  EXPECT_OK(call("cuStreamCreate", &second, 0u));
  EXPECT_OK(call("cuEventCreate", &fork, 0u));
  EXPECT_OK(call("cuEventCreate", &join, 0u));
  EXPECT_OK(call("cuStreamBeginCapture_v2", stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
  int status = 0;
  EXPECT_OK(call("cuStreamIsCapturing", stream, &status));
  EXPECT_EQ(status, CU_STREAM_CAPTURE_STATUS_ACTIVE);
  EXPECT_OK(launchScale(2, stream));
  EXPECT_OK(call("cuEventRecord", fork, stream));
  EXPECT_OK(call("cuStreamWaitEvent", second, fork, 0u));
  EXPECT_OK(launchScale(3, second));
  EXPECT_OK(call("cuEventRecord", join, second));
  EXPECT_OK(call("cuStreamWaitEvent", stream, join, 0u));
  CUgraph graph = nullptr;
  EXPECT_EQ(call("cuStreamEndCapture", second, &graph), CUDA_ERROR_STREAM_CAPTURE_UNMATCHED);
  EXPECT_OK(call("cuStreamEndCapture", stream, &graph));
  EXPECT_EQ(fifth(), 5u) << "recorded, not run";
  CUgraphExec executable = nullptr;
  EXPECT_OK(call("cuGraphInstantiateWithFlags", &executable, graph, 0ull));
  EXPECT_OK(call("cuGraphDestroy", graph));
  EXPECT_OK(call("cuGraphLaunch", executable, stream));
  EXPECT_OK(call("cuGraphLaunch", executable, stream));
  EXPECT_OK(call("cuStreamSynchronize", stream));
  EXPECT_EQ(fifth(), 5u * 36);
  EXPECT_OK(call("cuGraphExecDestroy", executable));
  EXPECT_EQ(call("cuGraphLaunch", executable, stream), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_OK(call("cuEventDestroy_v2", fork));
  EXPECT_OK(call("cuEventDestroy_v2", join));
  EXPECT_OK(call("cuStreamDestroy_v2", stream));
  EXPECT_OK(call("cuStreamDestroy_v2", second));
}

TEST_F(Driver, EventsMeasureTime) {
  CUevent first = nullptr, second = nullptr;
  EXPECT_OK(call("cuEventCreate", &first, 0u));
  EXPECT_OK(call("cuEventCreate", &second, 0u));
  float milliseconds = -1;
  EXPECT_EQ(call("cuEventElapsedTime", &milliseconds, first, second), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_OK(call("cuEventRecord", first, CUstream()));
  EXPECT_OK(launchScale(2));
  EXPECT_OK(call("cuEventRecord", second, CUstream()));
  EXPECT_OK(call("cuEventSynchronize", second));
  EXPECT_OK(call("cuEventElapsedTime", &milliseconds, first, second));
  EXPECT_GE(milliseconds, 0);
  EXPECT_OK(call("cuEventDestroy_v2", first));
  EXPECT_OK(call("cuEventDestroy_v2", second));
}

TEST_F(Driver, TensorMaps) {
  // A kernel that takes the map as a parameter, and loads 4 words from column 2 on.
  const char *ptx = R"(
.version 8.0
.target sm_90
.address_size 64
.extern .shared .align 128 .b8 dynamic[];
.visible .entry load(.param .align 64 .b8 map[128], .param .u64 out)
{
  .reg .pred %p; .reg .b32 %r<8>; .reg .b64 %rd<8>;
  mov.b64 %rd1, map; cvta.param.u64 %rd1, %rd1; ld.param.u64 %rd2, [out];
  mbarrier.init.shared.b64 [dynamic+128], 1;
  mbarrier.arrive.expect_tx.shared.b64 _, [dynamic+128], 16;
  mov.u32 %r1, 2;
  cp.async.bulk.tensor.1d.shared::cluster.global.tile.mbarrier::complete_tx::bytes
    [dynamic], [%rd1, {%r1}], [dynamic+128];
WAIT:
  mbarrier.try_wait.parity.shared.b64 %p, [dynamic+128], 0;
  @!%p bra WAIT;
  ld.shared.v4.b32 {%r1, %r2, %r3, %r4}, [dynamic];
  st.global.v4.b32 [%rd2], {%r1, %r2, %r3, %r4};
  ret;
}
)";
  CUmodule loaded = nullptr;
  CUfunction load = nullptr;
  EXPECT_OK(call("cuModuleLoadData", &loaded, static_cast<const void *>(ptx)));
  EXPECT_OK(call("cuModuleGetFunction", &load, loaded, "load"));
  CUtensorMap map;
  uint64_t size = 32;
  uint32_t box = 4, one = 1;
  auto encode = [&](int type, uint32_t rank, CUdeviceptr address, int swizzle) {
    return call("cuTensorMapEncodeTiled", &map, type, rank, reinterpret_cast<void *>(address),
                static_cast<const uint64_t *>(&size), static_cast<const uint64_t *>(nullptr),
                static_cast<const uint32_t *>(&box), static_cast<const uint32_t *>(&one), 0,
                swizzle, 0, 0);
  };
  EXPECT_EQ(encode(99, 1, buffer, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(encode(CU_TENSOR_MAP_DATA_TYPE_UINT32, 2, buffer, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(encode(CU_TENSOR_MAP_DATA_TYPE_UINT32, 1, buffer + 4, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(encode(CU_TENSOR_MAP_DATA_TYPE_UINT8, 1, buffer, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(errorText(CUDA_ERROR_INVALID_VALUE),
            "invalid argument: rows of 4 bytes in a box that is swizzled over 16");
  EXPECT_EQ(encode(CU_TENSOR_MAP_DATA_TYPE_UINT32, 1, buffer, 4), CUDA_ERROR_NOT_SUPPORTED);
  EXPECT_OK(encode(CU_TENSOR_MAP_DATA_TYPE_UINT32, 1, buffer, 0));
  void *arguments[] = {&map, &buffer};
  EXPECT_OK(launch(load, 1, 256, arguments));
  fifth();
  EXPECT_EQ(std::vector<uint32_t>(words.begin(), words.begin() + 5),
            (std::vector<uint32_t>{2, 3, 4, 5, 4}));
  EXPECT_OK(call("cuModuleUnload", loaded));
}

TEST_F(Driver, CountsBeyondCuda) {
  auto last = extension<decltype(qoptEmulatorLastStatistics)>("qoptEmulatorLastStatistics");
  auto count = extension<decltype(qoptEmulatorCountAccesses)>("qoptEmulatorCountAccesses");
  auto reset = extension<decltype(qoptEmulatorResetStatistics)>("qoptEmulatorResetStatistics");
  auto ofKernel = extension<decltype(qoptEmulatorKernelStatistics)>("qoptEmulatorKernelStatistics");
  ASSERT_TRUE(last && count && reset && ofKernel);
  reset();
  count(1);
  EXPECT_OK(launchScale(1));
  EXPECT_OK(launchScale(1));
  EXPECT_OK(launch(big, 32, 64, nullptr));
  QoptEmulatorStatistics statistics;
  last(&statistics);
  EXPECT_EQ(statistics.sharedRequests, 1u);
  EXPECT_EQ(ofKernel("scale", &statistics), 2u);
  EXPECT_EQ(statistics.threadInstructions, 2 * 9u * 32);
  EXPECT_EQ(statistics.globalSectors, 2 * 8u);
  EXPECT_EQ(ofKernel("other", &statistics), 0u);
  EXPECT_EQ(statistics.threadInstructions, 0u);
  reset();
  EXPECT_EQ(ofKernel("scale", &statistics), 0u);
  count(0);
}
