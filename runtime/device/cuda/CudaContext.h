//===- CudaContext.h - a GPU, its memory and its stream ---------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_DEVICE_CUDA_CUDACONTEXT_H
#define QOPT_RUNTIME_DEVICE_CUDA_CUDACONTEXT_H

#include "runtime/device/cuda/CudaDriver.h"
#include <cstddef>
#include <span>

namespace qopt {

/// What a GPU can run.
struct ComputeCapability {
  int major;
  int minor;
};

/// The first GPU's primary context and one stream, in which all work is done.
class CudaContext {
public:
  /// Throws an Error if the driver refuses.
  explicit CudaContext(const std::string &library);
  ~CudaContext();
  CudaContext(const CudaContext &) = delete;
  CudaContext &operator=(const CudaContext &) = delete;

  const CudaDriver &driver() const { return cuda; }
  CUstream stream() const { return work; }

  /// "NVIDIA H100 80GB HBM3".
  std::string deviceName() const;
  ComputeCapability capability() const;

  /// Calls of this thread concern this context.
  void makeCurrent() const;
  /// Waits for all work. `what` is it, for the message of an error in it.
  void wait(const char *what) const;

private:
  CudaDriver cuda;
  CUdevice device = 0;
  CUcontext context = nullptr;
  CUstream work = nullptr;
};

/// A point in the context's stream.
class CudaEvent {
public:
  explicit CudaEvent(const CudaContext &context);
  ~CudaEvent();
  CudaEvent(const CudaEvent &) = delete;
  CudaEvent &operator=(const CudaEvent &) = delete;

  /// After all work so far.
  void record();
  /// Until that point; `what` is the work before it, for the message of an error in it.
  void wait(const char *what) const;

private:
  const CudaContext &context;
  CUevent event = nullptr;
};

/// Device memory, not initialized, on 256 bytes. Empty if of no bytes.
class CudaMemory {
public:
  CudaMemory() = default;
  /// Throws an Error naming the size, `purpose`, and how much is free.
  CudaMemory(const CudaContext &context, uint64_t size, const char *purpose);
  ~CudaMemory();
  CudaMemory(CudaMemory &&other) noexcept;
  CudaMemory &operator=(CudaMemory &&other) noexcept;

  CUdeviceptr address() const { return begin; }
  uint64_t size() const { return bytes; }

private:
  const CudaContext *context = nullptr;
  CUdeviceptr begin = 0;
  uint64_t bytes = 0;
};

/// Page-locked host memory, which the GPU copies from and to by itself.
class PinnedMemory {
public:
  PinnedMemory() = default;
  /// Throws an Error naming the size and `purpose`.
  PinnedMemory(const CudaContext &context, uint64_t size, const char *purpose);
  ~PinnedMemory();
  PinnedMemory(PinnedMemory &&other) noexcept;
  PinnedMemory &operator=(PinnedMemory &&other) noexcept;

  std::span<std::byte> bytes() const { return memory; }

private:
  const CudaContext *context = nullptr;
  std::span<std::byte> memory;
};

} // namespace qopt

#endif // QOPT_RUNTIME_DEVICE_CUDA_CUDACONTEXT_H
