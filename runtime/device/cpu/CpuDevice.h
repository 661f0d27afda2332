//===- CpuDevice.h - kernels on the cores of this machine -------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_DEVICE_CPU_CPUDEVICE_H
#define QOPT_RUNTIME_DEVICE_CPU_CPUDEVICE_H

#include "runtime/artifact/Artifact.h"
#include "runtime/device/Device.h"

namespace qopt {

struct CpuDeviceOptions {
  unsigned threads = 0; ///< 0: availableCores().
  std::string level;    ///< Kernels to use ("avx2"); empty: the first that this machine can run.
};

/// Loads the kernels of `artifact`, which must outlive the device; weights are used where they
/// are. Throws an Error that names what the machine lacks, or the file that is missing or broken.
std::unique_ptr<Device> openCpuDevice(const Artifact &artifact, const CpuDeviceOptions &options);

} // namespace qopt

#endif // QOPT_RUNTIME_DEVICE_CPU_CPUDEVICE_H
