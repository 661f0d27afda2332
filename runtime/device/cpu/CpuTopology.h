//===- CpuTopology.h - cores that this process may use ----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_DEVICE_CPU_CPUTOPOLOGY_H
#define QOPT_RUNTIME_DEVICE_CPU_CPUTOPOLOGY_H

namespace qopt {

/// Physical cores among the CPUs that the process may run on, and no more than its cgroup's quota:
/// the kernels saturate a core's vector units, so hyperthreads would only wait for each other.
unsigned availableCores();

/// CPUs, hyperthreads included, that the process may run on.
unsigned availableCpus();

} // namespace qopt

#endif // QOPT_RUNTIME_DEVICE_CPU_CPUTOPOLOGY_H
