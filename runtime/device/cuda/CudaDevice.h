//===- CudaDevice.h - kernels on an NVIDIA GPU ------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_DEVICE_CUDA_CUDADEVICE_H
#define QOPT_RUNTIME_DEVICE_CUDA_CUDADEVICE_H

#include "runtime/artifact/Artifact.h"
#include "runtime/device/Device.h"
#include "runtime/device/cuda/DeviceWeights.h"

namespace qopt {

struct CudaDeviceOptions {
  std::string library = "libcuda.so.1"; ///< The driver, or what stands in for it.
  unsigned threads = 1;                 ///< That repack weights.
  DeviceWeights::Progress progress;     ///< Of uploading; may be empty.
};

/// Where qrun finds libqopt_cuda_emu.so, the driver API on an emulator: beside the program, or in
/// the folder lib beside its folder. Throws an Error naming both places.
std::string findCudaEmulator();

/// Loads the kernels of `artifact`, which must outlive the device, and uploads its weights. Throws
/// an Error in one line if there is no driver, no GPU, or none that can run the kernels, if the
/// artifact has none, and if memory is lacking.
std::unique_ptr<Device> openCudaDevice(const Artifact &artifact, const CudaDeviceOptions &options);

} // namespace qopt

#endif // QOPT_RUNTIME_DEVICE_CUDA_CUDADEVICE_H
