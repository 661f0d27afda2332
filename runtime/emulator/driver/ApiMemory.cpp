//===- ApiMemory.cpp - memory of the device and pinned memory of the host -===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/Driver.h"

using namespace qopt;
using namespace qopt::emulator;

QOPT_CUDA_API cuMemAlloc_v2(CUdeviceptr *address, size_t bytes) {
  Driver &driver = Driver::get();
  return driver.callInContext([&] {
    if (!address || bytes == 0)
      apiFail(CUDA_ERROR_INVALID_VALUE, "an allocation of no bytes");
    driver.refuseDuringCapture();
    *address = driver.memory.allocate(bytes);
    if (*address == 0)
      apiFail(CUDA_ERROR_OUT_OF_MEMORY, "{} bytes asked for, {} are free", bytes,
              driver.memory.free());
  });
}

QOPT_CUDA_API cuMemFree_v2(CUdeviceptr address) {
  Driver &driver = Driver::get();
  return driver.cleanUp([&] {
    driver.refuseDuringCapture();
    if (address != 0 && !driver.memory.release(address))
      apiFail(CUDA_ERROR_INVALID_VALUE, "nothing was allocated at {:#x}", address);
  });
}

QOPT_CUDA_API cuMemHostAlloc(void **pointer, size_t bytes, unsigned) {
  Driver &driver = Driver::get();
  return driver.callInContext([&] {
    if (!pointer || bytes == 0)
      apiFail(CUDA_ERROR_INVALID_VALUE, "an allocation of no bytes");
    driver.refuseDuringCapture();
    *pointer = driver.memory.allocateHost(bytes);
    if (!*pointer)
      apiFail(CUDA_ERROR_OUT_OF_MEMORY, "{} bytes of host memory asked for", bytes);
  });
}

QOPT_CUDA_API cuMemAllocHost_v2(void **pointer, size_t bytes) {
  return cuMemHostAlloc(pointer, bytes, 0);
}

QOPT_CUDA_API cuMemFreeHost(void *pointer) {
  Driver &driver = Driver::get();
  return driver.cleanUp([&] {
    if (!driver.memory.releaseHost(pointer))
      apiFail(CUDA_ERROR_INVALID_VALUE, "not allocated by cuMemHostAlloc");
  });
}

QOPT_CUDA_API cuMemHostGetDevicePointer_v2(CUdeviceptr *address, void *pointer, unsigned) {
  Driver &driver = Driver::get();
  return driver.callInContext([&] {
    auto host = reinterpret_cast<uint64_t>(pointer);
    if (!address || !driver.memory.find(host, 0))
      apiFail(CUDA_ERROR_INVALID_VALUE, "not allocated by cuMemHostAlloc");
    *address = host;
  });
}

QOPT_CUDA_API cuMemGetInfo_v2(size_t *free, size_t *total) {
  Driver &driver = Driver::get();
  return driver.callInContext([&] {
    if (!free || !total)
      apiFail(CUDA_ERROR_INVALID_VALUE, "nowhere to put the result");
    *free = driver.memory.free();
    *total = driver.memory.total();
  });
}

static Place onDevice(CUdeviceptr address) { return {address, true}; }
static Place onHost(const void *pointer) { return {reinterpret_cast<uint64_t>(pointer), false}; }

/// Checks at once, as the driver does for device addresses, and copies in the stream.
static CUresult copy(Place to, Place from, size_t bytes, CUstream stream) {
  Driver &driver = Driver::get();
  return driver.callInContext([&] {
    for (const Place &place : {to, from}) {
      if (place.isOnDevice)
        driver.translate(place.address, bytes);
      else if (!place.address && bytes != 0)
        apiFail(CUDA_ERROR_INVALID_VALUE, "a null pointer");
    }
    driver.submit(stream, CopyWork{to, from, bytes});
  });
}

/// Synchronous copies wait, which a capture does not allow.
static CUresult copyNow(Place to, Place from, size_t bytes) {
  Driver &driver = Driver::get();
  CUresult allowed = driver.callInContext([&] { driver.refuseDuringCapture(); });
  return allowed != CUDA_SUCCESS ? allowed : copy(to, from, bytes, nullptr);
}

QOPT_CUDA_API cuMemcpyHtoD_v2(CUdeviceptr to, const void *from, size_t bytes) {
  return copyNow(onDevice(to), onHost(from), bytes);
}
QOPT_CUDA_API cuMemcpyDtoH_v2(void *to, CUdeviceptr from, size_t bytes) {
  return copyNow(onHost(to), onDevice(from), bytes);
}
QOPT_CUDA_API cuMemcpyDtoD_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
  return copyNow(onDevice(to), onDevice(from), bytes);
}
QOPT_CUDA_API cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes,
                                   CUstream stream) {
  return copy(onDevice(to), onHost(from), bytes, stream);
}
QOPT_CUDA_API cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes, CUstream stream) {
  return copy(onHost(to), onDevice(from), bytes, stream);
}
QOPT_CUDA_API cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes,
                                   CUstream stream) {
  return copy(onDevice(to), onDevice(from), bytes, stream);
}

static CUresult fill(CUdeviceptr to, uint32_t pattern, unsigned patternBytes, size_t count,
                     CUstream stream) {
  Driver &driver = Driver::get();
  return driver.callInContext([&] {
    if (count > SIZE_MAX / patternBytes || to % patternBytes != 0)
      apiFail(CUDA_ERROR_INVALID_VALUE, "{} elements of {} bytes at {:#x}", count, patternBytes,
              to);
    driver.translate(to, count * patternBytes);
    driver.submit(stream, FillWork{to, pattern, patternBytes, count});
  });
}

QOPT_CUDA_API cuMemsetD8_v2(CUdeviceptr to, unsigned char value, size_t count) {
  return fill(to, value, 1, count, nullptr);
}
QOPT_CUDA_API cuMemsetD16_v2(CUdeviceptr to, unsigned short value, size_t count) {
  return fill(to, value, 2, count, nullptr);
}
QOPT_CUDA_API cuMemsetD32_v2(CUdeviceptr to, unsigned value, size_t count) {
  return fill(to, value, 4, count, nullptr);
}
QOPT_CUDA_API cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t count, CUstream stream) {
  return fill(to, value, 1, count, stream);
}
QOPT_CUDA_API cuMemsetD16Async(CUdeviceptr to, unsigned short value, size_t count,
                               CUstream stream) {
  return fill(to, value, 2, count, stream);
}
QOPT_CUDA_API cuMemsetD32Async(CUdeviceptr to, unsigned value, size_t count, CUstream stream) {
  return fill(to, value, 4, count, stream);
}
