//===- CudaDriver.h - the CUDA driver API, opened -------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_DEVICE_CUDA_CUDADRIVER_H
#define QOPT_RUNTIME_DEVICE_CUDA_CUDADRIVER_H

#include "runtime/device/cuda/CudaTypes.h"
#include "runtime/formats/Error.h"
#include <memory>
#include <string>

// The functions that the device uses: member, exported name, parameters.
#define QOPT_CUDA_FUNCTIONS(F)                                                                     \
  F(init, "cuInit", unsigned)                                                                      \
  F(driverGetVersion, "cuDriverGetVersion", int *)                                                 \
  F(getErrorName, "cuGetErrorName", CUresult, const char **)                                       \
  F(getErrorString, "cuGetErrorString", CUresult, const char **)                                   \
  F(deviceGetCount, "cuDeviceGetCount", int *)                                                     \
  F(deviceGet, "cuDeviceGet", CUdevice *, int)                                                     \
  F(deviceGetName, "cuDeviceGetName", char *, int, CUdevice)                                       \
  F(deviceGetAttribute, "cuDeviceGetAttribute", int *, CUdevice_attribute, CUdevice)               \
  F(primaryCtxRetain, "cuDevicePrimaryCtxRetain", CUcontext *, CUdevice)                           \
  F(primaryCtxRelease, "cuDevicePrimaryCtxRelease_v2", CUdevice)                                   \
  F(ctxSetCurrent, "cuCtxSetCurrent", CUcontext)                                                   \
  F(memGetInfo, "cuMemGetInfo_v2", size_t *, size_t *)                                             \
  F(memAlloc, "cuMemAlloc_v2", CUdeviceptr *, size_t)                                              \
  F(memFree, "cuMemFree_v2", CUdeviceptr)                                                          \
  F(memHostAlloc, "cuMemHostAlloc", void **, size_t, unsigned)                                     \
  F(memFreeHost, "cuMemFreeHost", void *)                                                          \
  F(memcpyHtoDAsync, "cuMemcpyHtoDAsync_v2", CUdeviceptr, const void *, size_t, CUstream)          \
  F(memcpyDtoHAsync, "cuMemcpyDtoHAsync_v2", void *, CUdeviceptr, size_t, CUstream)                \
  F(memcpyDtoDAsync, "cuMemcpyDtoDAsync_v2", CUdeviceptr, CUdeviceptr, size_t, CUstream)           \
  F(memsetD8Async, "cuMemsetD8Async", CUdeviceptr, unsigned char, size_t, CUstream)                \
  F(streamCreate, "cuStreamCreate", CUstream *, unsigned)                                          \
  F(streamDestroy, "cuStreamDestroy_v2", CUstream)                                                 \
  F(streamSynchronize, "cuStreamSynchronize", CUstream)                                            \
  F(streamBeginCapture, "cuStreamBeginCapture_v2", CUstream, CUstreamCaptureMode)                  \
  F(streamEndCapture, "cuStreamEndCapture", CUstream, CUgraph *)                                   \
  F(eventCreate, "cuEventCreate", CUevent *, unsigned)                                             \
  F(eventDestroy, "cuEventDestroy_v2", CUevent)                                                    \
  F(eventRecord, "cuEventRecord", CUevent, CUstream)                                               \
  F(eventSynchronize, "cuEventSynchronize", CUevent)                                               \
  F(moduleLoadDataEx, "cuModuleLoadDataEx", CUmodule *, const void *, unsigned, CUjit_option *,    \
    void **)                                                                                       \
  F(moduleUnload, "cuModuleUnload", CUmodule)                                                      \
  F(moduleGetFunction, "cuModuleGetFunction", CUfunction *, CUmodule, const char *)                \
  F(funcSetAttribute, "cuFuncSetAttribute", CUfunction, CUfunction_attribute, int)                 \
  F(launchKernelEx, "cuLaunchKernelEx", const CUlaunchConfig *, CUfunction, void **, void **)      \
  F(tensorMapEncodeTiled, "cuTensorMapEncodeTiled", CUtensorMap *, CUtensorMapDataType, uint32_t,  \
    void *, const uint64_t *, const uint64_t *, const uint32_t *, const uint32_t *,                \
    CUtensorMapInterleave, CUtensorMapSwizzle, CUtensorMapL2promotion, CUtensorMapFloatOOBfill)    \
  F(graphInstantiate, "cuGraphInstantiateWithFlags", CUgraphExec *, CUgraph, unsigned long long)   \
  F(graphDestroy, "cuGraphDestroy", CUgraph)                                                       \
  F(graphExecDestroy, "cuGraphExecDestroy", CUgraphExec)                                           \
  F(graphLaunch, "cuGraphLaunch", CUgraphExec, CUstream)

namespace qopt {

/// NVIDIA's driver, or a library that stands in for it: its functions, and errors in its words.
class CudaDriver {
public:
  /// Opens the library and initializes it. Throws an Error in one line: there is no such library,
  /// it is broken, it lacks a function because it is too old, or it finds no GPU.
  explicit CudaDriver(const std::string &library);

#define QOPT_DECLARE(member, symbol, ...) CUresult (*member)(__VA_ARGS__) = nullptr;
  QOPT_CUDA_FUNCTIONS(QOPT_DECLARE)
#undef QOPT_DECLARE

  /// "CUDA_ERROR_INVALID_VALUE (invalid argument)".
  std::string describe(CUresult result) const;
  /// Throws an Error, "WHAT: CUDA_ERROR_... (...)", unless the result is success.
  template <typename... Args>
  void check(CUresult result, fmt::format_string<Args...> what, Args &&...args) const {
    if (result != CUDA_SUCCESS)
      fail("{}: {}", fmt::format(what, std::forward<Args>(args)...), describe(result));
  }

  /// The op that launches belong to from now on, for messages about recorded ones. The emulator
  /// keeps it; NVIDIA's driver has no place for it.
  void nameOp(const std::string &location) const {
    if (setLocation)
      setLocation(location.c_str());
  }

  /// "12.8".
  std::string version() const;
  /// Whether launches that begin before what is before them has ended can be recorded in graphs.
  bool hasProgrammaticLaunch() const { return versionNumber() >= 12030; }
  const std::string &libraryName() const { return name; }

private:
  void load();
  int versionNumber() const; ///< 12080

  struct Closer {
    void operator()(void *handle) const;
  };
  std::string name;
  std::unique_ptr<void, Closer> handle;
  void (*setLocation)(const char *) = nullptr; ///< runtime/emulator/driver/Emulator.h
};

} // namespace qopt

#endif // QOPT_RUNTIME_DEVICE_CUDA_CUDADRIVER_H
