//===- KernelModule.h - a shared object of kernels --------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_DEVICE_CPU_KERNELMODULE_H
#define QOPT_RUNTIME_DEVICE_CPU_KERNELMODULE_H

#include <cstdint>
#include <memory>
#include <string>

namespace qopt {

/// A CPU kernel (docs/architecture.md): runs work items [begin, end).
using CpuKernel = void (*)(const uint64_t *arguments, int64_t begin, int64_t end, void *scratch);

/// A loaded `kernels.<level>.so`; closed on destruction.
class KernelModule {
public:
  /// Throws an Error if the file is missing, truncated, or no shared object of this machine. Unlike
  /// dlopen alone, a truncated file does not end the process.
  explicit KernelModule(std::string path);

  /// Throws an Error naming file and kernel if there is none of this name.
  CpuKernel kernel(const std::string &name) const;

private:
  struct Closer {
    void operator()(void *handle) const;
  };
  std::string path;
  std::unique_ptr<void, Closer> handle;
};

} // namespace qopt

#endif // QOPT_RUNTIME_DEVICE_CPU_KERNELMODULE_H
