//===- CopyBandwidth.h - how fast a device copies its memory ----*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_COPYBANDWIDTH_H
#define QOPT_TOOLS_QRUN_COPYBANDWIDTH_H

#include "runtime/device/Device.h"

namespace qopt {

/// Bytes/s that a device reads and writes together while it copies within its memory: `bytes`, but
/// at least 1 MiB and at most 1 GiB, in memory that is free again afterwards. Throws Error.
double measureCopyBandwidth(Device &device, uint64_t bytes);

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_COPYBANDWIDTH_H
