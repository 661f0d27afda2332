//===- ApiLaunch.cpp - launches of kernels --------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/Driver.h"
#include <cstring>

using namespace qopt;
using namespace qopt::emulator;

static void checkExtent(const Extent &extent, const Extent &limit, const char *what) {
  for (size_t i = 0; i < 3; ++i)
    if (extent[i] == 0 || extent[i] > limit[i])
      apiFail(CUDA_ERROR_INVALID_VALUE, "{} of {} x {} x {}, of at most {} x {} x {}", what,
              extent[0], extent[1], extent[2], limit[0], limit[1], limit[2]);
}

static uint64_t product(const std::array<uint32_t, 3> &extent) {
  return uint64_t(extent[0]) * extent[1] * extent[2];
}

static void checkGeometry(const CUfunc_st &function, const LaunchWork &work) {
  checkExtent(work.grid, {INT32_MAX, 65535, 65535}, "a grid");
  checkExtent(work.block, {1024, 1024, 64}, "a block");
  const ptx::Function &kernel = *function.program->kernel;
  uint64_t threads = product(work.block), most = 1024;
  if (kernel.maxThreads[0] != 0)
    most = std::min(most, product(kernel.maxThreads));
  if (threads > most)
    apiFail(most == 1024 ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES,
            "kernel '{}' in blocks of {} threads, of which it takes {}", kernel.name, threads,
            most);
  if (kernel.requiredThreads[0] != 0 && work.block != kernel.requiredThreads)
    apiFail(CUDA_ERROR_INVALID_VALUE, "kernel '{}' takes blocks of {} x {} x {} threads only",
            kernel.name, kernel.requiredThreads[0], kernel.requiredThreads[1],
            kernel.requiredThreads[2]);
}

/// 48 KiB without asking, more after cuFuncSetAttribute.
static void checkShared(const CUfunc_st &function, uint32_t dynamicShared) {
  uint32_t withoutAsking = (48 << 10) - std::min(function.program->dynamicShared, 48u << 10);
  uint32_t most = std::max(withoutAsking, function.maxDynamicShared);
  if (dynamicShared > most)
    apiFail(CUDA_ERROR_INVALID_VALUE,
            "kernel '{}' with {} bytes of dynamic shared memory, of which {} are allowed",
            function.program->kernel->name, dynamicShared, most);
}

/// Copies the arguments that pointers in `parameters` point to.
static void readPointers(const Program &program, void **parameters, LaunchWork &work) {
  for (size_t i = 0; i < program.parameters.size(); ++i) {
    if (!parameters || !parameters[i])
      apiFail(CUDA_ERROR_INVALID_VALUE,
              "kernel '{}' takes {} arguments, of which number {} is null", program.kernel->name,
              program.parameters.size(), i);
    memcpy(work.parameters.data() + program.parameters[i].offset, parameters[i],
           program.parameters[i].size);
  }
}

/// Copies arguments from one buffer, named by pairs of a key and a value.
static void readBuffer(const Program &program, void **extra, LaunchWork &work) {
  const void *buffer = nullptr;
  size_t bytes = 0;
  for (; *extra != CU_LAUNCH_PARAM_END; extra += 2) {
    if (extra[0] == CU_LAUNCH_PARAM_BUFFER_POINTER)
      buffer = extra[1];
    else if (extra[0] == CU_LAUNCH_PARAM_BUFFER_SIZE)
      bytes = *static_cast<size_t *>(extra[1]);
    else
      apiFail(CUDA_ERROR_INVALID_VALUE, "an extra option that is not known");
  }
  if (!buffer || bytes < program.parameterBytes)
    apiFail(CUDA_ERROR_INVALID_VALUE, "kernel '{}' takes {} bytes of arguments, found {}",
            program.kernel->name, program.parameterBytes, bytes);
  memcpy(work.parameters.data(), buffer, program.parameterBytes);
}

static CUresult launch(CUfunction handle, const Extent &grid, const Extent &block,
                       uint32_t dynamicShared, CUstream stream, void **parameters, void **extra,
                       bool overlaps) {
  Driver &driver = Driver::get();
  return driver.callInContext([&] {
    if (!driver.functions.contains(handle))
      apiFail(CUDA_ERROR_INVALID_HANDLE, "no such function");
    const CUfunc_st &function = *handle;
    const Program &program = *function.program;
    LaunchWork work = {function.program, grid, block, dynamicShared, {}, Driver::location};
    work.overlaps = overlaps;
    work.parameters.resize(program.parameterBytes);
    checkGeometry(function, work);
    checkShared(function, dynamicShared);
    if (parameters && extra)
      apiFail(CUDA_ERROR_INVALID_VALUE, "arguments come in two ways");
    if (extra)
      readBuffer(program, extra, work);
    else
      readPointers(program, parameters, work);
    driver.submit(stream, std::move(work));
  });
}

QOPT_CUDA_API cuLaunchKernel(CUfunction function, unsigned gridX, unsigned gridY, unsigned gridZ,
                             unsigned blockX, unsigned blockY, unsigned blockZ,
                             unsigned sharedBytes, CUstream stream, void **parameters,
                             void **extra) {
  return launch(function, {gridX, gridY, gridZ}, {blockX, blockY, blockZ}, sharedBytes, stream,
                parameters, extra, /*overlaps=*/false);
}

/// Clusters and cooperative grids are not emulated; other attributes only tune.
/// Checks the attributes; returns whether the launch may begin before what is before it has ended.
static bool readAttributes(const CUlaunchConfig &config) {
  bool overlaps = false;
  for (unsigned i = 0; i < config.numAttrs; ++i) {
    const CUlaunchAttribute &attribute = config.attrs[i];
    const auto &cluster = attribute.value.clusterDim;
    if (attribute.id == CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION &&
        product({cluster.x, cluster.y, cluster.z}) > 1)
      apiFail(CUDA_ERROR_NOT_SUPPORTED, "the emulator has no clusters");
    if (attribute.id == CU_LAUNCH_ATTRIBUTE_COOPERATIVE && attribute.value.cooperative)
      apiFail(CUDA_ERROR_NOT_SUPPORTED, "the emulator has no cooperative launches");
    if (attribute.id == CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION)
      overlaps = attribute.value.programmaticStreamSerializationAllowed != 0;
  }
  return overlaps;
}

QOPT_CUDA_API cuLaunchKernelEx(const CUlaunchConfig *config, CUfunction function, void **parameters,
                               void **extra) {
  Driver &driver = Driver::get();
  bool overlaps = false;
  CUresult result = driver.callInContext([&] {
    if (!config)
      apiFail(CUDA_ERROR_INVALID_VALUE, "no configuration");
    overlaps = readAttributes(*config);
  });
  if (result != CUDA_SUCCESS)
    return result;
  return launch(function, {config->gridDimX, config->gridDimY, config->gridDimZ},
                {config->blockDimX, config->blockDimY, config->blockDimZ}, config->sharedMemBytes,
                config->hStream, parameters, extra, overlaps);
}
