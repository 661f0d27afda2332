//===- ApiDevice.cpp - the device and its context -------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cpu/CpuTopology.h"
#include "runtime/emulator/driver/Driver.h"
#include <algorithm>
#include <cstring>

using namespace qopt;
using namespace qopt::emulator;

/// The newest driver that PTX 9.0 needs.
static constexpr int kDriverVersion = 13000;
static constexpr char kDeviceName[] = "qopt PTX emulator";

QOPT_CUDA_API cuInit(unsigned flags) {
  Driver &driver = Driver::get();
  return driver.call(
      [&] {
        if (flags != 0)
          apiFail(CUDA_ERROR_INVALID_VALUE, "flags {} are not 0", flags);
        driver.isInitialized = true;
      },
      /*needsInit=*/false);
}

QOPT_CUDA_API cuDriverGetVersion(int *version) {
  if (!version)
    return CUDA_ERROR_INVALID_VALUE;
  *version = kDriverVersion;
  return CUDA_SUCCESS;
}

static void checkDevice(CUdevice device) {
  if (device != 0)
    apiFail(CUDA_ERROR_INVALID_DEVICE, "device {}, of 1", device);
}

template <typename T> static void require(T *pointer) {
  if (!pointer)
    apiFail(CUDA_ERROR_INVALID_VALUE, "nowhere to put the result");
}

QOPT_CUDA_API cuDeviceGetCount(int *count) {
  return Driver::get().call([&] {
    require(count);
    *count = 1;
  });
}

QOPT_CUDA_API cuDeviceGet(CUdevice *device, int ordinal) {
  return Driver::get().call([&] {
    require(device);
    checkDevice(ordinal);
    *device = ordinal;
  });
}

QOPT_CUDA_API cuDeviceGetName(char *name, int length, CUdevice device) {
  return Driver::get().call([&] {
    require(name);
    checkDevice(device);
    if (length <= 0)
      apiFail(CUDA_ERROR_INVALID_VALUE, "a name of {} bytes", length);
    strncpy(name, kDeviceName, size_t(length));
    name[length - 1] = '\0';
  });
}

QOPT_CUDA_API cuDeviceGetUuid_v2(CUuuid *uuid, CUdevice device) {
  return Driver::get().call([&] {
    require(uuid);
    checkDevice(device);
    memcpy(uuid->bytes, kDeviceName, sizeof(uuid->bytes));
  });
}

QOPT_CUDA_API cuDeviceTotalMem_v2(size_t *bytes, CUdevice device) {
  Driver &driver = Driver::get();
  return driver.call([&] {
    require(bytes);
    checkDevice(device);
    *bytes = driver.memory.total();
  });
}

/// As of a GPU of compute capability 9.0, with one multiprocessor for each core of the host.
static int attributeValue(const Driver &driver, int attribute) {
  switch (attribute) {
  case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
  case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X:
  case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y:
    return 1024;
  case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z:
    return 64;
  case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X:
    return INT32_MAX;
  case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y:
  case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z:
    return 65535;
  case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK:
    return 48 << 10;
  case CU_DEVICE_ATTRIBUTE_TOTAL_CONSTANT_MEMORY:
    return 64 << 10;
  case CU_DEVICE_ATTRIBUTE_WARP_SIZE:
    return kWarpSize;
  case CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK:
  case CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR:
    return 64 << 10;
  case CU_DEVICE_ATTRIBUTE_CLOCK_RATE:
  case CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE:
    return 1000000; // kHz
  case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT:
    return int(availableCpus());
  case CU_DEVICE_ATTRIBUTE_CAN_MAP_HOST_MEMORY:
  case CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING:
    return 1;
  case CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH:
    return 128; // bits
  case CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE:
    return 4 << 20;
  case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR:
    return 2048;
  case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:
    return driver.capabilityMajor;
  case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:
    return driver.capabilityMinor;
  case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR:
    return 228 << 10;
  case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN:
    return kMaxSharedOptIn;
  case CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR:
    return 32;
  case CU_DEVICE_ATTRIBUTE_RESERVED_SHARED_MEMORY_PER_BLOCK:
    return 1 << 10;
  default:
    return 0; // the device does not have the feature
  }
}

QOPT_CUDA_API cuDeviceGetAttribute(int *value, CUdevice_attribute attribute, CUdevice device) {
  Driver &driver = Driver::get();
  return driver.call([&] {
    require(value);
    checkDevice(device);
    *value = attributeValue(driver, attribute);
  });
}

QOPT_CUDA_API cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device) {
  Driver &driver = Driver::get();
  return driver.call([&] {
    require(context);
    checkDevice(device);
    if (driver.primaryUses++ == 0)
      driver.primary = driver.contexts.add(std::make_unique<CUctx_st>());
    *context = driver.primary;
  });
}

/// With the last context a fault is forgotten: what it broke is gone.
static void destroyContext(Driver &driver, CUcontext context) {
  driver.contexts.remove(context);
  if (Driver::current == context)
    Driver::current = nullptr;
  if (driver.contexts.size() == 0)
    driver.fault = CUDA_SUCCESS;
}

QOPT_CUDA_API cuDevicePrimaryCtxRelease_v2(CUdevice device) {
  Driver &driver = Driver::get();
  return driver.cleanUp([&] {
    checkDevice(device);
    if (driver.primaryUses == 0)
      apiFail(CUDA_ERROR_INVALID_CONTEXT, "the primary context is not retained");
    if (--driver.primaryUses == 0)
      destroyContext(driver, driver.primary);
  });
}

QOPT_CUDA_API cuDevicePrimaryCtxReset_v2(CUdevice device) {
  Driver &driver = Driver::get();
  return driver.cleanUp([&] {
    checkDevice(device);
    if (driver.primaryUses != 0)
      destroyContext(driver, driver.primary);
    driver.primaryUses = 0;
  });
}

QOPT_CUDA_API cuCtxCreate_v2(CUcontext *context, unsigned, CUdevice device) {
  Driver &driver = Driver::get();
  return driver.call([&] {
    require(context);
    checkDevice(device);
    *context = driver.contexts.add(std::make_unique<CUctx_st>());
    Driver::current = *context;
  });
}

QOPT_CUDA_API cuCtxDestroy_v2(CUcontext context) {
  Driver &driver = Driver::get();
  return driver.cleanUp([&] { destroyContext(driver, context); });
}

QOPT_CUDA_API cuCtxSetCurrent(CUcontext context) {
  Driver &driver = Driver::get();
  return driver.call([&] {
    if (context && !driver.contexts.contains(context))
      apiFail(CUDA_ERROR_INVALID_CONTEXT, "no such context");
    Driver::current = context;
  });
}

QOPT_CUDA_API cuCtxGetCurrent(CUcontext *context) {
  return Driver::get().call([&] {
    require(context);
    *context = Driver::current;
  });
}

QOPT_CUDA_API cuCtxGetDevice(CUdevice *device) {
  return Driver::get().callInContext([&] {
    require(device);
    *device = 0;
  });
}

QOPT_CUDA_API cuCtxSynchronize() {
  Driver &driver = Driver::get();
  return driver.callInContext([&] { driver.refuseDuringCapture(); });
}
