//===- DriverTest.cpp - the CUDA driver API of libqopt_cuda_emu.so --------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Through dlopen, as the CUDA device does.

#include "runtime/device/cuda/CudaTypes.h"
#include "runtime/emulator/driver/Emulator.h"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace {

void *library() {
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

std::string errorText(CUresult result) {
  const char *text = nullptr;
  call("cuGetErrorString", result, &text);
  return text ? text : "";
}

#define EXPECT_OK(expression) EXPECT_EQ(expression, CUDA_SUCCESS)

const char *const kModule = R"(
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

} // namespace

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
  EXPECT_OK(call("cuDeviceGetAttribute", &value, int(CU_DEVICE_ATTRIBUTE_WARP_SIZE), CUdevice(0)));
  EXPECT_EQ(value, 32);
  EXPECT_OK(call("cuDeviceGetAttribute", &value, int(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR),
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
  EXPECT_OK(call("cuStreamBeginCapture_v2", stream, int(CU_STREAM_CAPTURE_MODE_THREAD_LOCAL)));
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

TEST_F(Driver, CallsThatWaitFailACapture) {
  CUstream stream = nullptr;
  EXPECT_OK(call("cuStreamCreate", &stream, 0u));
  EXPECT_OK(call("cuStreamBeginCapture_v2", stream, int(CU_STREAM_CAPTURE_MODE_GLOBAL)));
  EXPECT_EQ(call("cuCtxSynchronize"), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
  EXPECT_EQ(launchScale(2, stream), CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
  CUgraph graph = nullptr;
  EXPECT_EQ(call("cuStreamEndCapture", stream, &graph), CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
  EXPECT_EQ(graph, nullptr);
  EXPECT_OK(call("cuStreamDestroy_v2", stream));
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
  EXPECT_OK(call("cuFuncSetAttribute", big, int(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES),
                 100000));
  EXPECT_OK(launch(big, 32, 100000, nullptr));
  EXPECT_EQ(
      call("cuFuncSetAttribute", big, int(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES), 300000),
      CUDA_ERROR_INVALID_VALUE);
  int value = 0;
  EXPECT_OK(call("cuFuncGetAttribute", &value, int(CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK), big));
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
  int options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
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
  EXPECT_OK(call("cuStreamBeginCapture_v2", stream, int(CU_STREAM_CAPTURE_MODE_GLOBAL)));
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
