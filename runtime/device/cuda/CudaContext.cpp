//===- CudaContext.cpp - a GPU, its memory and its stream -----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cuda/CudaContext.h"

#include <utility>

using namespace qopt;

CudaContext::CudaContext(const std::string &library) : cuda(library) {
  int count = 0;
  cuda.check(cuda.deviceGetCount(&count), "cannot count GPUs");
  if (count == 0)
    fail("{} finds no GPU", library);
  cuda.check(cuda.deviceGet(&device, 0), "cannot open the first of {} GPUs", count);
  cuda.check(cuda.primaryCtxRetain(&context, device), "cannot use the GPU {}", deviceName());
  CUresult result = cuda.ctxSetCurrent(context);
  if (result == CUDA_SUCCESS)
    result = cuda.streamCreate(&work, 1 /* independent of the default stream */);
  if (result != CUDA_SUCCESS) {
    cuda.primaryCtxRelease(device);
    cuda.check(result, "cannot use the GPU {}", deviceName());
  }
}

CudaContext::~CudaContext() {
  cuda.streamDestroy(work);
  cuda.primaryCtxRelease(device);
}

std::string CudaContext::deviceName() const {
  char name[256] = "";
  cuda.check(cuda.deviceGetName(name, sizeof(name), device), "cannot ask for the GPU's name");
  return name;
}

ComputeCapability CudaContext::capability() const {
  auto get = [&](CUdevice_attribute attribute) {
    int value = 0;
    cuda.check(cuda.deviceGetAttribute(&value, attribute, device),
               "cannot ask for the GPU's compute capability");
    return value;
  };
  return {get(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR),
          get(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)};
}

void CudaContext::makeCurrent() const {
  cuda.check(cuda.ctxSetCurrent(context), "cannot use the GPU in this thread");
}

void CudaContext::wait(const char *what) const {
  cuda.check(cuda.streamSynchronize(work), "{}", what);
}

CudaEvent::CudaEvent(const CudaContext &context) : context(context) {
  context.driver().check(context.driver().eventCreate(&event, CU_EVENT_DISABLE_TIMING),
                         "cannot make an event");
}

CudaEvent::~CudaEvent() { context.driver().eventDestroy(event); }

void CudaEvent::record() {
  context.driver().check(context.driver().eventRecord(event, context.stream()),
                         "cannot record an event");
}

void CudaEvent::wait(const char *what) const {
  context.driver().check(context.driver().eventSynchronize(event), "{}", what);
}

CudaMemory::CudaMemory(const CudaContext &context, uint64_t size, const char *purpose)
    : context(&context), bytes(size) {
  if (size == 0)
    return;
  const CudaDriver &cuda = context.driver();
  CUresult result = cuda.memAlloc(&begin, size);
  if (result == CUDA_SUCCESS)
    return;
  size_t free = 0, total = 0;
  cuda.memGetInfo(&free, &total);
  fail("cannot allocate {} bytes of GPU memory for {}, {} of {} are free: {}", size, purpose, free,
       total, cuda.describe(result));
}

CudaMemory::~CudaMemory() {
  if (begin != 0)
    context->driver().memFree(begin);
}

CudaMemory::CudaMemory(CudaMemory &&other) noexcept { *this = std::move(other); }

CudaMemory &CudaMemory::operator=(CudaMemory &&other) noexcept {
  std::swap(context, other.context);
  std::swap(begin, other.begin);
  std::swap(bytes, other.bytes);
  return *this;
}

PinnedMemory::PinnedMemory(const CudaContext &context, uint64_t size, const char *purpose)
    : context(&context) {
  void *pointer = nullptr;
  context.driver().check(context.driver().memHostAlloc(&pointer, size, 0),
                         "cannot allocate {} bytes of pinned memory for {}", size, purpose);
  memory = {static_cast<std::byte *>(pointer), size};
}

PinnedMemory::~PinnedMemory() {
  if (!memory.empty())
    context->driver().memFreeHost(memory.data());
}

PinnedMemory::PinnedMemory(PinnedMemory &&other) noexcept { *this = std::move(other); }

PinnedMemory &PinnedMemory::operator=(PinnedMemory &&other) noexcept {
  std::swap(context, other.context);
  std::swap(memory, other.memory);
  return *this;
}
